local check = require "check"
local M = {}

M["what is written reads back"] = function()
  for _, text in ipairs { "null", "true", "1", "-1.5", '"a"', "[]", "{}", "[1,[2,[]],{}]", '{"a":{"b":[null,false]}}', '"\\u0000\\n\\"\\\\"', '"<>&grüße €"' } do
    check.equal(assert(json.encode(assert(json.decode(text)))), text)
  end
end

M["ids stay what they are"] = function()
  local v = assert(json.decode '{"a":"007","b":9007199254740993,"c":-9007199254740993,"d":9007199254740992,"e":1e400,"f":12345678901234567890.5}')
  check.equal(v.a, "007")
  check.equal(v.b, "9007199254740993")
  check.equal(v.c, "-9007199254740993")
  check.equal(v.d, 9007199254740992)
  check.equal(v.e, "1e400")
  check.equal(type(v.f), "number")
  check.equal(json.encode { id = "491700000001" }, '{"id":"491700000001"}')
  check.equal(json.encode(491700000001), "491700000001")
end

M["null"] = function()
  check.equal(json.encode { a = json.null }, '{"a":null}')
  check.equal(json.decode "[1,null,2]"[2], json.null)
  local dropped = json.decode('[1,null,2]', { nulls = "drop" })
  check.equal(#dropped, 2)
  check.equal(tostring(json.null), "null")
  check.raises("no fields", function() return json.null.x end)
end

M["lists and objects"] = function()
  check.equal(json.encode {}, "{}")
  check.equal(json.encode(json.array()), "[]")
  check.equal(json.encode { 1, 2, a = 3 }, '{"1":1,"2":2,"a":3}')
  check.equal(json.encode { [10] = "x" }, '{"10":"x"}')
  check.equal(json.encode({ a = { 1 } }, { indent = 2 }), '{\n  "a": [\n    1\n  ]\n}')
  check.raises("as a number and as a string", json.encode, { "x", ["1"] = "y" })
end

M["what has no JSON form raises, with its path"] = function()
  check.raises("value.a[2].f is a function", json.encode, { a = { 1, { f = print } } })
  check.raises("value.n is NaN", json.encode, { n = 0 / 0 })
  check.raises("value is +Inf", json.encode, 1 / 0)
  check.raises("value.p is a PDU", json.encode, { p = pdu.submit_sm() })
  check.raises("value.s is a secret", json.encode, { s = config.secret("api_key") })
  check.raises("has a boolean as a key", json.encode, { [true] = 1 })
  local loop = {}
  loop.loop = loop
  check.raises("nested deeper than 128", json.encode, loop)
  check.fails("invalid_utf8", json.encode { text = "\255" })
  check.raises("unknown option 'nul'", json.decode, "1", { nul = "drop" })
  check.raises("must be one of", json.decode, "1", { nulls = "none" })
  check.raises("argument 1 (text) must be a string, is number 1", json.decode, 1)
end

M["what is no JSON says where"] = function()
  for text, where in pairs { ["{"] = "line 1, column 2", ["[1,]"] = "line 1", ["1 2"] = "follows", ["\n\n[x]"] = "line 3", [""] = "too early", ['{"a" 1}'] = "line 1", ["01"] = "line 1", ["'a'"] = "line 1" } do
    local v, err = json.decode(text)
    check.fails("invalid_json", v, err)
    if not err.message:find(where, 1, true) then error(text .. ": " .. err.message) end
  end
end

M["indentation"] = function()
  check.equal(json.encode({ 1, { b = {}, a = json.array(), c = { "x" } } }, { indent = 1 }),
    '[\n 1,\n {\n  "a": [],\n  "b": {},\n  "c": [\n   "x"\n  ]\n }\n]')
  check.equal(json.encode({ 1 }, { indent = 0 }), "[1]")
  check.raises("at most 16", json.encode, {}, { indent = 17 })
end

M["long texts"] = function()
  local text = ("grüße €\n\"\\ \0"):rep(20000)
  check.equal(assert(json.decode(assert(json.encode(text)))), text)
  check.equal(#json.decode('["' .. ("\\u00fc\\ud83d\\ude00"):rep(20000) .. '"]')[1], 6 * 20000)
  check.equal(json.decode(("\n"):rep(100000) .. "1"), 1)
  local v, err = json.decode('"' .. ("x"):rep(100000) .. '\1"')
  check.fails("invalid_json", v, err)
  assert(err.message:find("column 100002"), err.message)
  check.fails("invalid_json", json.decode("0." .. ("1"):rep(1000)))
end

M["text that is none is not changed in silence"] = function()
  for _, text in ipairs { '"\255"', '"a\192\128"', '{"\237\160\128":1}', "\255" } do
    local v, err = json.decode(text)
    check.fails("invalid_json", v, err)
    if not err.message:find("no UTF-8", 1, true) then error(err.message) end
  end
  check.equal(json.decode('"\239\191\189"'), "\239\191\189") -- U+FFFD itself
  local text, err = json.encode { list = { "a", { ["\255"] = 1 } } }
  check.fails("invalid_utf8", text, err)
  check.equal(err.message, "value.list[2].\255 is no UTF-8 text: use base64 or hex for octets")
end

M["numbers beyond all"] = function()
  check.equal(json.decode("1e999999999"), "1e999999999")
  check.equal(json.decode("-1e400"), "-1e400")
  check.equal(json.decode("1e-999999999"), 0)
  check.equal(json.decode(("9"):rep(100000)), ("9"):rep(100000))
  for _, text in ipairs { "NaN", "Infinity", "-Infinity", "+1", "0x10", ".5", "1.", "1e", "--1" } do check.fails("invalid_json", json.decode(text)) end
  check.equal(json.encode(1e308), "1e+308")
  check.equal(json.encode(-0), "0")
  check.equal(json.encode(9007199254740993), "9007199254740992")
end

M["keys"] = function()
  check.raises("has the key 1.5 as a number and as a string", json.encode, { [1.5] = "x", ["1.5"] = "y" })
  check.equal(json.decode('{"a":1,"a":2}').a, 2)
  check.equal(json.encode { [""] = 1 }, '{"":1}')
  check.raises("value." .. ("k"):rep(64) .. " ... (100 octets)[3] is a function", json.encode, { [("k"):rep(100)] = { 1, 2, print } })
  check.raises("has a table as a key", json.encode, { [{}] = 1 })
end

M["a long key above many elements"] = function()
  local list = {}
  for i = 1, 20000 do list[i] = i end
  assert(#json.encode { [("k"):rep(3000000)] = list } > 3000000)
end

M["depth bombs"] = function()
  check.fails("too_deep", json.decode(("["):rep(100000)))
  check.fails("too_deep", json.decode(('{"a":'):rep(100000)))
  assert(json.decode(("["):rep(128) .. ("]"):rep(128)))
end

M["a bomb of tables is stopped"] = function()
  local bomb = "[" .. ("[],"):rep(400000) .. "[]]"
  pcall(json.decode, bomb)
end

return M
