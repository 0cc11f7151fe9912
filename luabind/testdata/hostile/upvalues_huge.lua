-- closures that hold closures that hold large strings
-- ends: limits
return {
  handle_pdu = function()
    local f = function() return 0 end
    while true do
      local g, s = f, ("x"):rep(10000) .. tostring(f)
      f = function() return g, s end
    end
  end,
}
