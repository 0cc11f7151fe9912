-- a __newindex that assigns
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local t = setmetatable({}, {})
    getmetatable(t).__newindex = function(t, k, v) t[k] = v end
    t.a = 1
  end,
}
