-- the handler of an xpcall fails in an xpcall whose handler is itself
-- ends: limits error
return {
  handle_pdu = function()
    local function handler(e) return xpcall(function() error(e .. "!") end, handler) end
    while true do xpcall(function() error("x") end, handler) end
  end,
}
