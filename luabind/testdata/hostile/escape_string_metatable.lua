-- the metatable of strings
-- ends: fine
return {
  handle_pdu = function(p, state)
    assert(not getmetatable(""))
    assert(not pcall(setmetatable, "", {}))
    assert(not pcall(function() ("").upper = 1 end))
    assert(("x").dump == nil)
  end,
}
