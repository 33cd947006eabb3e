// The suites of src/crypto once more, in a real browser: its WebCrypto, not the one of Node, will keep the vaults.

import '../crypto/blind.test.ts'
import '../crypto/bytes.test.ts'
import '../crypto/envelope.test.ts'
import '../crypto/floe.test.ts'
import '../crypto/kdf.test.ts'
import '../crypto/key-slots.test.ts'
import '../crypto/keyring.test.ts'
import '../crypto/multiset-hash.test.ts'
import '../crypto/ordered-stream.test.ts'
import '../crypto/p256-point.test.ts'
import '../crypto/padding.test.ts'
import '../crypto/vectors.test.ts'
