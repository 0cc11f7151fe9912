-- strings of a megabyte, kept
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t, s = {}, ("x"):rep(1000000)
    while true do t[#t + 1] = s .. #t end
  end,
}
