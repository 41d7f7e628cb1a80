-- What a back office asks of pgbench's tables: aggregates, joins and sorts that need work_mem, some of them in parallel.
\set kind random(1, 5)
\set low random(1, 1500000)
\if :kind = 1
SELECT bid, count(*), sum(abalance), max(abalance) FROM pgbench_accounts GROUP BY bid ORDER BY 3 DESC LIMIT 10;
\elif :kind = 2
SELECT a.aid, a.abalance, h.n FROM pgbench_accounts a
  JOIN (SELECT aid, count(*) AS n FROM pgbench_history GROUP BY aid) h ON h.aid = a.aid ORDER BY h.n DESC, a.abalance LIMIT 50;
\elif :kind = 3
SELECT * FROM (SELECT aid, abalance, rank() OVER (PARTITION BY bid ORDER BY abalance DESC, aid) AS place
  FROM pgbench_accounts WHERE aid BETWEEN :low AND :low + 400000) ranked WHERE place <= 3;
\elif :kind = 4
SELECT count(*) FROM (SELECT abalance, aid % 100000 AS bucket, count(*) FROM pgbench_accounts GROUP BY 1, 2) buckets;
\else
SELECT t.tid, t.tbalance, count(*), sum(a.abalance) FROM pgbench_tellers t
  JOIN pgbench_accounts a ON a.bid = t.bid AND a.aid BETWEEN :low AND :low + 300000 GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 20;
\endif
