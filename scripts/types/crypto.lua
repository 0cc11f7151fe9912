---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---Digests, message authentication codes and random octets. All give octets: hex.encode or base64.encode makes them text. md5 and sha1 are there for peers that still ask for them, not to protect anything.
---@class cryptolib
crypto = {}

---Makes the sha256 digest.
---
---To be called in: anywhere.
---```lua
---assert(hex.encode(crypto.sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
---```
---@param message string # any octets
---@return string octets # the digest
function crypto.sha256(message) end

---Makes the sha512 digest.
---
---To be called in: anywhere.
---```lua
---assert(hex.encode(crypto.sha512("abc")) == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
---```
---@param message string # any octets
---@return string octets # the digest
function crypto.sha512(message) end

---Makes the sha1 digest.
---
---To be called in: anywhere.
---```lua
---assert(hex.encode(crypto.sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d")
---```
---@param message string # any octets
---@return string octets # the digest
function crypto.sha1(message) end

---Makes the md5 digest.
---
---To be called in: anywhere.
---```lua
---assert(hex.encode(crypto.md5("abc")) == "900150983cd24fb0d6963f7d28e17f72")
---```
---@param message string # any octets
---@return string octets # the digest
function crypto.md5(message) end

---Makes a message authentication code, to sign a request to a webhook or to check one.
---
---To be called in: anywhere.
---```lua
---local mac = crypto.hmac("sha256", config.secret("api_key"), "body")
---assert(#mac == 32)
---```
---@param digest "sha256"|"sha512"|"sha1"|"md5" # which digest
---@param key string|Secret # the key; may be a secret
---@param message string # what is to be authenticated
---@return string octets # the code (RFC 2104)
function crypto.hmac(digest, key, message) end

---Gives random octets from the system's source.
---
---To be called in: anywhere.
---```lua
---local nonce = hex.encode(crypto.random(16))
---```
---@param count integer # 1 to 4096
---@return string octets # that nobody can guess
function crypto.random(count) end

---Compares two strings in a time that does not depend on where they differ: for codes and passwords.
---
---To be called in: anywhere.
---```lua
---assert(crypto.equal("abc", "abc") and not crypto.equal("abc", "abd"))
---```
---@param a string|Secret # one
---@param b string|Secret # the other
---@return boolean same # whether they are the same
function crypto.equal(a, b) end

return crypto
