-- the metatable of a PDU
-- ends: fine
return {
  handle_pdu = function(p, state)
    assert(not getmetatable(p))
    assert(not pcall(setmetatable, p, {}))
    assert(not pcall(rawset, p, "source_addr", "1"))
    assert(not pcall(rawget, p, "source_addr"))
    assert(not pcall(function() p.source_addr = "1" end))
    assert(not pcall(function() p[1] = "1" end))
    assert(not pcall(function() return p[{}] end))
    assert(not pcall(next, p))
    assert(not pcall(pairs, p))
  end,
}
