local check = require "check"
local M = {}

M["base64"] = function()
  for plain, text in pairs { [""] = "", ["f"] = "Zg==", ["fo"] = "Zm8=", ["foo"] = "Zm9v", ["\255\254\253"] = "//79" } do
    check.equal(base64.encode(plain), text)
    check.equal(base64.decode(text), plain)
  end
  check.equal(base64.encode("\255\254\253", { url = true }), "__79")
  check.equal(base64.encode("f", { padding = false }), "Zg")
  check.equal(base64.decode("Zm9v\r\nZm9v"), "foofoo")
  check.fails("invalid_base64", base64.decode("Zg=x"))
  check.fails("invalid_base64", base64.decode("__79"))
  check.raises("longer than", base64.encode, ("x"):rep(4 * 1024 * 1024))
end

M["hex"] = function()
  check.equal(hex.decode("00FFff"), "\0\255\255")
  check.fails("invalid_hex", hex.decode("0"))
  check.fails("invalid_hex", hex.decode("0g"))
  check.raises("longer than", hex.encode, ("x"):rep(3 * 1024 * 1024))
end

M["long texts are worked on in parts"] = function()
  local octets = ("\0\1\254\255xyz"):rep(8000)
  check.equal(base64.decode(base64.encode(octets)), octets)
  check.equal(base64.decode((base64.encode(octets):gsub(("."):rep(76), "%0\r\n"))), octets)
  check.equal(base64.decode(base64.encode(octets) .. ("=\n"):rep(10000)), octets)
  check.equal(hex.decode(hex.encode(octets)), octets)
  check.equal(hex.decode((hex.encode(octets):gsub("...", "%0 "))), octets)
  check.equal(hex.encode(crypto.sha256(octets)), "ce26b2c034f799b7971b77eb3374c4e08cc2ac88f6abcc4212e18573665dbf21")
  local v, err = base64.decode(("AAAA"):rep(20000) .. "A?")
  check.fails("invalid_base64", v, err)
  assert(err.message:find("80001"), err.message)
  check.fails("invalid_hex", hex.decode(("00"):rep(40000) .. "0"))
end

M["crypto"] = function()
  check.equal(hex.encode(crypto.hmac("sha256", "Jefe", "what do ya want for nothing?")), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  check.equal(crypto.hmac("sha1", config.secret("api_key"), "x"), crypto.hmac("sha1", "s3cret", "x"))
  check.equal(#crypto.random(16), 16)
  assert(crypto.random(16) ~= crypto.random(16))
  check.raises("1 to 4096", crypto.random, 0)
  check.raises("1 to 4096", crypto.random, 1e9)
  check.raises("must be one of", crypto.hmac, "sha3", "k", "m")
  assert(crypto.equal("a", "a") and not crypto.equal("a", "ab") and crypto.equal(config.secret("api_key"), "s3cret"))
end

M["hashing without end is stopped"] = function()
  local big = ("x"):rep(4000000)
  while true do pcall(crypto.sha1, big) end
end

M["uuid"] = function()
  local a, b = uuid.v7(), uuid.v7()
  assert(a < b and uuid.valid(a) and uuid.valid(uuid.v4()))
  assert(a:sub(15, 15) == "7" and uuid.v4():sub(15, 15) == "4")
  assert(not uuid.valid("") and not uuid.valid("{" .. a .. "}") and not uuid.valid(a .. "0"))
end

return M
