// Passkeys as a page reaches them: WebAuthn with the extension `prf` (Web Authentication, Level 3, section 10.1.4). The authenticator answers a salt with 32 bytes that
// only it can make, after it has verified its user. What it signs is of no interest: there is no server, the answer itself is the proof.

import type { Bytes } from '../brand.js'
import { randomBytes, toBase64Url, wipe } from '../crypto/bytes.js'
import { VaultError } from '../errors.js'
import type { PasskeyName, Passkeys } from './core/slot-openers.js'

/** ES256, EdDSA, RS256: what authenticators offer, in the order of preference. */
const ALGORITHMS = [-7, -8, -257]
/** Bit 2 of the flags that follow the 32 bytes of the site's hash: the user was verified, not only there. */
const FLAGS_AT = 32
const USER_VERIFIED = 4
const ANSWER_BYTES = 32

/** Undefined where the page has no passkeys. */
export function pagePasskeys(): Passkeys | undefined {
  if (typeof navigator === 'undefined' || typeof PublicKeyCredential === 'undefined' || navigator.credentials === undefined) return undefined
  const credentials = navigator.credentials
  const descriptor = ({ credentialId, transports }: PasskeyName): PublicKeyCredentialDescriptor => ({ type: 'public-key', id: credentialId, ...(transports.length > 0 && { transports: [...transports] as AuthenticatorTransport[] }) })

  const get: Passkeys['get'] = async ({ rpId, keys, signal }) => {
    const evalByCredential = Object.fromEntries(keys.map(({ credentialId, salt }) => [toBase64Url(credentialId), { first: salt }]))
    const credential = await asked(signal, () =>
      credentials.get({
        ...(signal !== undefined && { signal }),
        publicKey: { challenge: randomBytes(32), rpId, allowCredentials: keys.map(descriptor), userVerification: 'required', extensions: { prf: { evalByCredential } } },
      }),
    )
    const response = credential.response as AuthenticatorAssertionResponse
    const answer = answerOf(credential)
    if (!isVerified(response.authenticatorData)) {
      if (answer !== undefined) wipe(answer)
      throw notVerified()
    }
    if (answer === undefined) throw unsupported()
    return { credentialId: new Uint8Array(credential.rawId), answer }
  }

  return {
    get,
    // The browser has the last word: it also knows what counts as one site.
    serves: (rpId) => location.hostname === rpId || location.hostname.endsWith(`.${rpId}`),
    create: async ({ vaultName, userName, salt, exclude, signal }) => {
      const credential = await asked(signal, () =>
        credentials.create({
          ...(signal !== undefined && { signal }),
          publicKey: {
            challenge: randomBytes(32),
            rp: { name: vaultName },
            // Another one each time: authenticators replace keys of the same user.
            user: { id: randomBytes(32), name: userName, displayName: userName },
            pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
            excludeCredentials: exclude.map(descriptor),
            authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' },
            extensions: { prf: { eval: { first: salt } } },
          },
        }),
      )
      const response = credential.response as AuthenticatorAttestationResponse
      if (credential.getClientExtensionResults().prf?.enabled !== true) throw unsupported()
      // What stands between may lack what the platform has: then nobody knows who was asked.
      const data = (response as { getAuthenticatorData?: () => ArrayBuffer }).getAuthenticatorData?.()
      if (data === undefined || !isVerified(data)) throw notVerified()
      const credentialId = new Uint8Array(credential.rawId)
      const transports = (response as { getTransports?: () => string[] }).getTransports?.() ?? []
      const rpId = location.hostname
      // Many authenticators evaluate only when they sign in: the user is asked once more.
      const answer = answerOf(credential) ?? (await get({ rpId, keys: [{ credentialId, transports, salt }], signal })).answer
      return { credentialId, transports, rpId, answer }
    },
  }
}

async function asked(signal: AbortSignal | undefined, ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  signal?.throwIfAborted()
  try {
    const credential = await ask()
    if (credential === null) throw unsupported()
    return credential as PublicKeyCredential
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof VaultError) throw error
    switch ((error as { name?: unknown } | null)?.name) {
      // Also a time that ran out, and no authenticator that fits: browsers do not tell these apart, on purpose.
      case 'NotAllowedError':
      case 'AbortError':
        throw new VaultError('invalid-value', 'no passkey was given: the question was declined, took too long, or no passkey here fits', { where: 'passkey', reason: 'declined' }, error)
      case 'InvalidStateError':
        throw new VaultError('conflict', 'this authenticator has a passkey of this vault already', { where: 'passkey', reason: 'known' }, error)
      default:
        throw new VaultError('crypto-unavailable', 'passkeys cannot be used here; use another way', { where: 'passkey' }, error)
    }
  }
}

function answerOf(credential: PublicKeyCredential): Bytes | undefined {
  const first = credential.getClientExtensionResults().prf?.results?.first
  if (first === undefined) return undefined
  const bytes = ArrayBuffer.isView(first) ? new Uint8Array(first.buffer as ArrayBuffer, first.byteOffset, first.byteLength) : new Uint8Array(first)
  return bytes.length === ANSWER_BYTES ? bytes : undefined
}

function isVerified(authenticatorData: ArrayBuffer): boolean {
  return ((new Uint8Array(authenticatorData)[FLAGS_AT] ?? 0) & USER_VERIFIED) !== 0
}

function unsupported(): VaultError {
  return new VaultError('crypto-unavailable', 'this authenticator cannot make secrets (the extension prf); use another one, or another way', { where: 'passkey', reason: 'prf' })
}

function notVerified(): VaultError {
  return new VaultError('crypto-unavailable', 'this authenticator did not verify its user; use another one, or another way', { where: 'passkey', reason: 'user-verification' })
}
