-- error objects that hold long strings
-- ends: limits
return {
  handle_pdu = function(p, state)
    local t = {}
    while true do local _, e = pcall(error, { ("x"):rep(1000000) .. #t }) t[#t + 1] = e end
  end,
}
