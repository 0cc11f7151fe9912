-- the API changed for others
-- ends: fine
return {
  handle_pdu = function(p, state)
    for _, m in ipairs { esme, pdu, sms, log, string, table, math, coroutine } do
      assert(not pcall(function() m.x = 1 end))
      assert(not pcall(function() m.info = 1 end))
      assert(not pcall(rawset, m, "x", 1))
      assert(not pcall(table.insert, m, 1))
      assert(not pcall(table.remove, m))
      assert(not pcall(table.sort, m))
      assert(not pcall(setmetatable, m, {}))
      assert(not getmetatable(m))
      assert(next(m) == nil)
    end
  end,
}
