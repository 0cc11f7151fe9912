-- errors of every kind
-- ends: error
return {
  handle_pdu = function(p, state)
    pcall(error)
    pcall(error, nil)
    pcall(error, {})
    pcall(error, print)
    pcall(error, p)
    pcall(error, coroutine.create(print))
    error(setmetatable({}, { __tostring = function() while true do end end, __index = function() while true do end end }))
  end,
}
