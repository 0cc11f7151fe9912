-- arithmetic that does arithmetic
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local m = {}
    m.__add = function(a, b) return a + b end
    m.__unm = function(a) return -a end
    pcall(function() return -setmetatable({}, m) end)
    local _ = setmetatable({}, m) + 1
  end,
}
