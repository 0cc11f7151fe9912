-- keys that are none
-- ends: fine
return {
  handle_pdu = function(p, state)
    for _, k in ipairs { 0 / 0, math.huge, -math.huge, 2^53, -1, 0, 1.5, 1e308 } do
      pcall(function() local t = {} t[k] = 1 return t[k] end)
      pcall(rawset, {}, k, 1)
      pcall(rawget, {}, k)
      pcall(next, {}, k)
    end
    assert(not pcall(function() local t = {} t[nil] = 1 end))
  end,
}
