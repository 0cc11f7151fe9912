-- a __concat that concatenates
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local t = setmetatable({}, {})
    getmetatable(t).__concat = function(a, b) return a .. b end
    local _ = t .. "x"
  end,
}
