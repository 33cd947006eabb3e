import { openVault } from 'sealed-vault'

const password = 'correct horse battery staple'
const vault = await openVault({ name: 'aurora', autoLock: { idleMs: 300_000 } })
if (vault.state !== 'empty' && vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
const open = vault.state === 'empty' ? await vault.create(password) : await vault.unlock(password)

const session = await open.sessions.create({ participants: ['ada', 'guide'] })
await open.chatLogs.append(session.chatLogId, { senderId: 'ada', type: 'user', content: 'Book the night train' })
for (const message of await open.chatLogs.read(session.chatLogId)) console.log(message.senderId, message.content)
console.log((await open.sessions.list({ text: 'night tra' })).map(({ title }) => title))
await open.lock()
