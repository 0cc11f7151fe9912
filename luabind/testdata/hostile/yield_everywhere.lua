-- yields out of what must not be left
-- ends: fine error
return {
  handle_pdu = function(p, state)
    local function try(f) return coroutine.resume(coroutine.create(f)) end
    local y = coroutine.yield
    local m = setmetatable({}, { __index = y, __newindex = y, __call = y, __add = y, __concat = y, __eq = y, __lt = y, __le = y, __len = y, __unm = y, __tostring = y })
    local n = setmetatable({}, getmetatable(m))
    try(function() return m.x end)
    try(function() m.x = 1 end)
    try(function() return m(1) end)
    try(function() return m + 1 end)
    try(function() return m .. "x" end)
    try(function() return m == n end)
    try(function() return m < n end)
    try(function() return m <= n end)
    try(function() return -m end)
    try(function() return tostring(m) end)
    try(function() for _ in y do end end)
    try(function() for _ in m do end end)
    try(function() pcall(y) end)
    try(function() xpcall(error, y) end)
    try(function() table.sort({ 3, 2, 1 }, y) end)
    try(function() string.gsub("abc", ".", y) end)
    try(function() esme.with_session(y) end)
    try(function() return y() end)
    try(y)
    y()
  end,
}
