// `sealed-vault/testing`: what authors of backends and of apps need to test against a vault's storage.

export { type ContractSetup, runBackendContract, type TestApi } from './backend-contract.js'
export { type CrashCall, type CrashingBackend, type CrashPlan, createCrashingBackend } from './crashing-backend.js'
export { type JournalEntry, type MemoryDisk, type MemoryDiskOptions, type RawRows, createMemoryDisk } from '../stores/memory-disk.js'
export { memoryFactory } from '../stores/memory.js'
export { memoryHome } from '../stores/memory-home.js'
export { memoryLocks } from '../stores/locks.js'
