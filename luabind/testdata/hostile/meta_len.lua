-- a __len that takes the length
-- ends: fine error limits
return {
  handle_pdu = function(p, state)
    local t = setmetatable({}, { __len = function(t) return #t end })
    local _ = #t
  end,
}
