-- a string that doubles, caught, kept
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t, s = {}, ("x"):rep(1000)
    while true do
      pcall(function() while true do s = s .. s end end)
      t[#t + 1] = s
      s = ("x"):rep(1000) .. #t
    end
  end,
}
