-- a long chain of __call
-- ends: error fine limits
return {
  handle_pdu = function(p, state)
    local f = function() return 1 end
    for _ = 1, 5000 do f = setmetatable({}, { __call = f }) end
    f()
  end,
}
