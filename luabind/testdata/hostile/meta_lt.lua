-- an __lt that compares
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local m = {}
    m.__lt = function(a, b) return a < b end
    m.__le = m.__lt
    local _ = setmetatable({}, m) < setmetatable({}, m)
  end,
}
