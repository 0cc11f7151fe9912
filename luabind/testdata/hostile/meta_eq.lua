-- an __eq that compares
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local m = {}
    m.__eq = function(a, b) return a == b end
    local _ = setmetatable({}, m) == setmetatable({}, m)
  end,
}
