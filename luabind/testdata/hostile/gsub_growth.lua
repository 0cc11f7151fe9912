-- a gsub that grows a string
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local s = ("x"):rep(2000)
    while true do s = s:gsub("x", "%0%0") end
  end,
}
