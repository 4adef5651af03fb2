-- Asks Curfew about a request, for HAProxy 2.6 or newer. Enforcement point: {{ point }}.
-- Belongs to what manage.py gateway_config --server haproxy prints, which reads txn.curfew_allowed and
-- answers 503 without it: whatever goes wrong in here closes.

local VERDICT = "http://{{ host }}/verdict/{{ point }}"  -- the point is named here, never by the client
local HEADERS = {"authorization"{% if token_header %}, "{{ token_header|lower }}"{% endif %}}  -- where a token may stand

local function first(headers, name)
  return headers and headers[name] and headers[name][0] or ""
end

local function refuse(txn, answer)
  local reply = txn:reply({status = 401})
  reply:add_header("WWW-Authenticate", first(answer.headers, "www-authenticate"))
  reply:add_header("Content-Type", "application/problem+json")
  reply:add_header("Cache-Control", "no-store")
  reply:set_body(answer.body or "")
  txn:done(reply)
end

core.register_action("curfew_{{ lua_name }}", {"http-req"}, function(txn)
  local headers = {["x-forwarded-for"] = {txn.sf:src()}}
  for _, name in ipairs(HEADERS) do
    local value = txn.sf:req_fhdr(name)
    if value ~= "" then headers[name] = {value} end
  end
  local answer = core.httpclient():get({
    url = VERDICT, dst = "abns@{{ socket }}", headers = headers, timeout = 500})
  if answer.status == 401 then
    refuse(txn, answer)
  elseif answer.status == 204 then
    txn:set_var("txn.curfew_subject", first(answer.headers, "x-auth-subject"))
    txn:set_var("txn.curfew_session", first(answer.headers, "x-auth-session"))
    txn:set_var("txn.curfew_allowed", true)
  end
end)
