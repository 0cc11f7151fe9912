-- each callback fails in its own words, and logs as much as it may before
-- ends: error limits
local n = 0
return {
  handle_pdu = function(p, state)
    local fields = {}
    for i = 1, 64 do fields["f" .. i] = p end
    for i = 1, 100 do log.error(("x"):rep(5000), fields) end
    n = n + 1
    error(setmetatable({ message = "error " .. n .. ("\n"):rep(2000), code = {} }, { __tostring = function() while true do end end }))
  end,
}
