-- errors are tables with a message of MiB, in a callback that nothing catches
-- ends: error limits
return {
  handle_pdu = function()
    error(setmetatable({ message = ("x"):rep(4000000), code = ("y"):rep(4000000) }, { __tostring = function() while true do end end }))
  end,
}
