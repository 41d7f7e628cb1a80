-- wrk: visitors of Tomcat's examples, who think a little between requests. They carry no cookie, so each visit to the session example begins a session.
local paths = {
  "/examples/jsp/jsp2/el/basic-arithmetic.jsp", "/examples/jsp/jsp2/el/functions.jsp?foo=hello", "/examples/jsp/jsp2/simpletag/repeat.jsp",
  "/examples/jsp/num/numguess.jsp", "/examples/jsp/snp/snoop.jsp", "/examples/jsp/dates/date.jsp", "/examples/jsp/forward/forward.jsp",
  "/examples/servlets/servlet/RequestHeaderExample", "/examples/servlets/servlet/RequestParamExample?firstname=a&lastname=b",
}
local count = 0

function delay()
  return math.random(10, 90)
end

function request()
  count = count + 1
  if count % 10 == 0 then
    return wrk.format("GET", "/examples/servlets/servlet/SessionExample?dataname=cart&datavalue=" .. string.rep("item" .. count .. "%20", 20))
  end
  return wrk.format("GET", paths[count % #paths + 1])
end
