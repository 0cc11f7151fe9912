-- names of megabytes that modules and host objects do not have
-- ends: fine limits error
return {
  handle_pdu = function(p, state)
    local name = ("submit_s"):rep(500000)
    for _, t in ipairs { esme, pdu, sms, string, table, p, map.open("m", { max = 10 }), metrics.counter("c") } do
      pcall(function() return t[name] end)
      pcall(function() t[name] = 1 end)
      pcall(function() return t[name](t) end)
    end
    pcall(pdu.new, name, {}) pcall(pdu.submit_sm, { [name] = 1 }) pcall(sms.submit, { [name] = 1 }) pcall(esme.whereis, name)
    pcall(time.parse, name, name) pcall(esme.cast, name, 1) pcall(metrics.counter, name) pcall(map.open, name) pcall(uuid.valid, name)
    pcall(config.string, name) pcall(config.secret, name) pcall(config.file, name) pcall(timer.cron, name, 1) pcall(esme.sleep, name)
  end,
}
