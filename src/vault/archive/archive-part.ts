// What is fetched when somebody first deals with archives.

export { createRecoveryCode } from '../../crypto/recovery-code.js'
export { listBackups, readBackup } from './backup-files.js'
export { setBackupSecrets } from './backup-slots.js'
export { backupStatus } from './backup-status.js'
export { exportArchive } from './export-archive.js'
export { exportJson } from './export-json.js'
export { importJson } from './import-json.js'
export { checkForRestore, importArchive, previewImport } from './import-archive.js'
export { runBackup } from './rolling-backup.js'
export { inspect, verify } from './verify-archive.js'
