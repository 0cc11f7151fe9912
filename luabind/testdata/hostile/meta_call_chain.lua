-- a table that is its own __call
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local t = {}
    setmetatable(t, { __call = t })
    t()
  end,
}
