// Is this a point of P-256? Chromium, Firefox and Node ask that when they import a public key; WebKitGTK does not, and
// derives from points off the curve as well. On weaker curves such a shared secret gives the private key away piece by
// piece (Biehl, Meyer, Müller, "Differential Fault Attacks on Elliptic Curve Cryptosystems", CRYPTO 2000).

const POINT_BYTES = 65
const COORDINATE_BYTES = 32
const UNCOMPRESSED = 4

/** Field and curve y² = x³ - 3x + b of NIST SP 800-186, section 3.2.1.3. */
const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

/**
 * Full validation of an uncompressed point (NIST SP 800-56A, section 5.6.2.3.3; the curve has no subgroups to check for).
 * Public keys are no secret, so the time may depend on them.
 */
export function isP256Point(point: Uint8Array): boolean {
  if (point.length !== POINT_BYTES || point[0] !== UNCOMPRESSED) return false
  const x = integerOf(point.subarray(1, 1 + COORDINATE_BYTES))
  const y = integerOf(point.subarray(1 + COORDINATE_BYTES))
  return x < P && y < P && (y * y - (x * x * x - 3n * x + B)) % P === 0n
}

function integerOf(bytes: Uint8Array): bigint {
  let n = 0n
  for (const byte of bytes) n = (n << 8n) | BigInt(byte)
  return n
}
