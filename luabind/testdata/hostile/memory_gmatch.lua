-- iterators that hold long strings
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t = {}
    while true do t[#t + 1] = (("x"):rep(1000000) .. #t):gmatch(".") end
  end,
}
