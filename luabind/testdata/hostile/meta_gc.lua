-- finalizers and weak tables
-- ends: fine
return {
  handle_pdu = function(p, state)
    for _ = 1, 100 do setmetatable({}, { __gc = function() log.info("ESCAPED: __gc ran") end, __mode = "kv" }) end
  end,
}
