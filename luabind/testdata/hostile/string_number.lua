-- long numerals in arithmetic
-- ends: limits error
return {
  handle_pdu = function(p, state)
    local s = ("1"):rep(1000000)
    while true do local _ = s + 1; local _ = tonumber(s) end
  end,
}
