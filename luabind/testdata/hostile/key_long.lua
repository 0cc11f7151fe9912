-- keys of megabytes, looked up again and again
-- ends: limits
local t = {}
return {
  handle_pdu = function(p, state)
    local k = ("x"):rep(4000000)
    t[k .. ""] = 1
    while true do local _ = t[k] end
  end,
}
