-- the length of a table asks for its length
-- ends: limits error
return {
  handle_pdu = function()
    local t = setmetatable({}, { __len = function(t) return #t end })
    while true do pcall(function() return #t end) end
  end,
}
