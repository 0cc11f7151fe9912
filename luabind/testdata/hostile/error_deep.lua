-- errors are raised below as many calls as there may be
-- ends: limits error
return {
  handle_pdu = function()
    local function deep(n) if n == 0 then error("x") end return 1 + deep(n - 1) end
    while true do pcall(deep, 1900) end
  end,
}
