-- a hoard behind a protected metatable
-- ends: limits
return {
  handle_pdu = function(p, state)
    local m = { __metatable = false }
    setmetatable({}, m)
    while true do m[#m + 1] = ("x"):rep(1000000) .. #m end
  end,
}
