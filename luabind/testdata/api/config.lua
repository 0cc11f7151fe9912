local check = require "check"
local M = {}

M["typed"] = function()
  check.equal(config.string("name"), "acme")
  check.equal(config.number("deep.n"), 7)
  check.equal(config.boolean("yes"), true)
  check.equal(config.duration("wait"), 1.5)
  check.equal(config.duration("deep.n"), 7)
  check.equal(config.table("list")[2], "b")
  check.equal(config.enum("name", { "acme", "other" }), "acme")
  check.equal(config.string("none", "x"), "x")
  check.equal(config.boolean("none", false), false)
end

M["wrong ones say which"] = function()
  check.raises("the bind test has no argument 'none': give it under args, or a default here", config.string, "none")
  check.raises("the argument 'name' must be a number, is string \"acme\" (args of the bind test)", config.number, "name")
  check.raises("the argument 'deep.n' must be at least 8, is 7", config.number, "deep.n", nil, { min = 8 })
  check.raises("must be at most 6", config.number, "deep.n", nil, { max = 6 })
  check.raises("must be one of other, acmee, is string \"acme\"; did you mean 'acmee'", config.enum, "name", { "other", "acmee" })
  check.raises("must be a duration", config.duration, "name")
  check.raises("argument 2 (default) must be a string, is number 1", config.string, "none", 1)
end

M["secrets stay secret"] = function()
  local s = config.secret("api_key")
  check.equal(tostring(s), "secret api_key")
  check.raises("is not given to the bind", config.secret, "other")
  check.raises("attempt to concatenate", function() return "x" .. s end)
  check.raises("must be a string, is userdata", base64.encode, s)
  check.raises("has no 'name'", function() return s.name end)
  log.info("a secret", { s = s })
  assert(not pcall(function() return s.text end))
end

M["a secret may be a password on the wire"] = function()
  local p = pdu.bind_transceiver { system_id = "a", password = config.secret("api_key") }
  for _, q in ipairs { p, p:with { system_id = "b" }, p:with { password = p.password } } do
    check.equal(type(q.password), "userdata")
    check.equal(tostring(q.password), "secret api_key")
    assert(not tostring(q):find("s3cret", 1, true))
    check.raises("must be a string, is userdata", base64.encode, q.password)
    check.raises("", json.encode, { p = q.password })
    check.raises("", json.encode, q)
    log.info("a bind", { p = q, password = q.password })
    check.raises("must be a string, is userdata", pdu.bind_receiver, { system_id = q.password })
  end
  check.equal(p:with { password = "open" }.password, "open")
  check.raises("field 'source_addr' must be a string, is userdata", pdu.submit_sm, { source_addr = config.secret("api_key") })
end

M["files"] = function()
  check.equal(json.decode(config.file("data/routes.json"))["49"], "germany")
  check.fails("not_allowed", config.file("../data/routes.json"))
  check.fails("not_allowed", config.file("/etc/passwd"))
  check.fails("not_allowed", config.file("secret.txt"))
  check.fails("not_found", config.file("data/none.json"))
  check.fails("not_found", config.file("data/out.json")) -- a link that leads out
  check.fails("not_found", config.file("data/folder.json"))
  check.fails("not_found", config.file("data/fifo.json"))
  check.fails("too_large", config.file("data/large.json"))
end

return M
