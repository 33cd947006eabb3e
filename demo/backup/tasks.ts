// What can be done for the day on which a browser, a computer or a password is lost.

export type BackupTask = 'download' | 'verify' | 'import' | 'recovery-code' | 'plain'
