-- repetitions of every size
-- ends: fine
return {
  handle_pdu = function(p, state)
    for _, n in ipairs { 1e9, 2^31, 2^53, 1e300, -1, 0 / 0, math.huge, -math.huge, 0.5 } do
      pcall(string.rep, "xxxxxxxx", n)
      pcall(string.rep, "", n)
    end
  end,
}
