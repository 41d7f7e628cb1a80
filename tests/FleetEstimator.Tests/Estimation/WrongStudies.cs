using Xunit;

namespace FleetEstimator.Tests.Estimation;

/// <summary>Studies that must be refused: text, line, field, and part of the message. Each has one error.</summary>
internal static class WrongStudies
{
    public static IEnumerable<TheoryDataRow<string, int, string, string>> Rows() => All().Select(wrong => new TheoryDataRow<string, int, string, string>(wrong.Yaml, wrong.Line, wrong.Field, wrong.Fragment));

    /// <summary>Those whose error is one of structure, type, spelling or range within one value, which a JSON schema can tell too.</summary>
    public static IEnumerable<string> SchemaTells() => All().Where(wrong => wrong.SchemaTells).Select(wrong => wrong.Yaml);

    private static IEnumerable<(string Yaml, int Line, string Field, string Fragment, bool SchemaTells)> All()
    {
        foreach (var (yaml, line, field, fragment) in Structure())
            yield return (yaml, line, field, fragment, false);
        foreach (var (beginning, replacement, line, field, fragment) in Values())
            yield return (Studies.ExampleWith(beginning, replacement), line, field, fragment, true);
        foreach (var (beginning, replacement, line, field, fragment) in Relations())
            yield return (Studies.ExampleWith(beginning, replacement), line, field, fragment, false);
    }

    private static IEnumerable<(string Yaml, int Line, string Field, string Fragment)> Structure() =>
    [
        ("", 1, "", "the file is empty"),
        ("# only a comment", 1, "", "the file is empty"),
        ("study: [a", 2, "", "is not YAML"),
        ("study: a\n\tseed: 1", 1, "", "is not YAML"),
        (Studies.Example + "\n---\nstudy: second", 19, "", "a second document begins; write one study per file"),
        (Studies.ExampleWith("seed:", "seed: &seed 7"), 2, "", "the anchor &seed names a value; remove it"),
        (Studies.ExampleWith("seed:", "seed: !!int 7"), 2, "", "the tag tag:yaml.org,2002:int"),
        (Studies.ExampleWith("seed:", "seed: 7\nseed: 8"), 3, "seed", "stands twice; keep one"),
        (Studies.ExampleWith("start:", "    nodes: 1"), 15, "classes[0].nodes", "stands twice"),
        (Studies.ExampleWith("seed:", "[a, b]: 7"), 2, "", "stands where a key is expected"),
    ];

    private static IEnumerable<(string Beginning, string Replacement, int Line, string Field, string Fragment)> Values() =>
    [
        ("study:", "name: zero", 1, "study", "is missing"),
        ("study:", "study:", 1, "study", "is empty"),
        ("level:", "costs: {fautl: 1}", 5, "costs.fautl", "is not a key here; did you mean 'fault'?"),
        ("level:", "costs: {fault: -1}", 5, "costs.fault", "'-1' is not allowed; write a whole number from 0 to 1,000,000,000"),
        ("level:", "costs: {fault: 1000000001}", 5, "costs.fault", "is not allowed"),
        ("level:", "costs: {fault: 3.5}", 5, "costs.fault", "is not allowed"),
        ("level:", "costs: {fault: {source: us}}", 5, "costs.fault.ns", "is missing"),
        ("level:", "costs: {fault: {ns: 1, source: ''}}", 5, "costs.fault.source", "is not a line"),
        ("level:", "costs: [340]", 5, "costs", "name a cost file"),
        ("study:", "study: 2026", 1, "study", "not text; put it in quotes"),
        ("study:", "study: ../etc", 1, "study", "is not a name"),
        ("study:", "study: .hidden", 1, "study", "is not a name"),
        ("study:", "study: über", 1, "study", "is not a name"),
        ("study:", "study: [a]", 1, "study", "is a list"),
        ("study:", "study: " + new string('a', 101), 1, "study", "at most 100"),
        ("seed:", "seed: -1", 2, "seed", "write a whole number from 0 to 2^64 - 1"),
        ("seed:", "seed: 18446744073709551616", 2, "seed", "is not allowed"),
        ("seed:", "seed: \"7\"", 2, "seed", "is text; write a whole number from 0 to 2^64 - 1 without quotes"),
        ("seed:", "seed: 1.5", 2, "seed", "write a whole number"),
        ("seed:", "sed: 7", 2, "sed", "did you mean 'seed'?"),
        ("mechanisms:", "mechanisms: linux-6.12", 3, "mechanisms", "is text, not a list"),
        ("mechanisms:", "mechanisms: []", 3, "mechanisms", "is an empty list"),
        ("mechanisms:", "mechanisms: [linux-6.12, linux-6.12+zero-pfn-swap-in]", 3, "mechanisms[1]", "did you mean 'linux-6.12+zero-pfn-swapin'?"),
        ("mechanisms:", "mechanisms: [linux-6.12, linux-6.12+zero-at-umap]", 3, "mechanisms[1]", "did you mean 'linux-6.12+zero-at-unmap'?"),
        ("mechanisms:", "mechanisms: [linux-6.12, linux-6.12]", 3, "mechanisms[1]", "stands twice"),
        ("mechanisms:", "mechanisms: [6.12]", 3, "mechanisms[0]", "put it in quotes"),
        ("baseline:", "baseline: linux-6.13", 4, "baseline", "is not among the mechanisms; did you mean"),
        ("level:", "level: 95", 5, "level", "write a level from 50% to 99.9%, such as 95% or 0.95"),
        ("level:", "level: 100 percent", 5, "level", "is not a confidence level"),
        ("level:", "level: 0.05", 5, "level", "is not a confidence level"),
        ("level:", "level: 1", 5, "level", "is not a confidence level"),
        ("level:", "duration: 10 minutes", 5, "duration", "has the unknown unit 'minutes'; units are us, ms, s, min, h, d"),
        ("level:", "duration: 600", 5, "duration", "write a number and a unit, such as 10 min"),
        ("level:", "warm_up: 1.5", 5, "warm_up", "leaves nothing to measure"),
        ("level:", "warm_up: soon", 5, "warm_up", "is not a length of time"),
        ("- name:", "  - {}\n  - name: web", 7, "classes[0].name", "is missing"),
        ("- name:", "  - nme: web", 7, "classes[0].nme", "did you mean 'name'?"),
        ("- name:", "  - name: web server", 7, "classes[0].name", "is not a name"),
        ("nodes:", "    nodes: 0", 8, "classes[0].nodes", "write a whole number from 1 to 100,000,000"),
        ("nodes:", "    nodes: 100000001", 8, "classes[0].nodes", "is not allowed"),
        ("nodes:", "    nodes: many", 8, "classes[0].nodes", "is not allowed"),
        ("memory:", "    memory: 64 GB", 9, "classes[0].memory", "use GiB"),
        ("memory:", "    memory: 64K", 9, "classes[0].memory", "use KiB"),
        ("memory:", "    memory: 64 gibibytes", 9, "classes[0].memory", "has the unknown unit"),
        ("memory:", "    memory: \"68719476736\"", 9, "classes[0].memory", "is not a size"),
        ("memory:", "    memory: -64 GiB", 9, "classes[0].memory", "is not a size"),
        ("memory:", "    memory: {GiB: 64}", 9, "classes[0].memory", "is a mapping; write a size such as 64 GiB"),
        ("memory:", "    memory:", 9, "classes[0].memory", "is empty"),
        ("recordings:", "    recordings: traces/web-*.arrow", 11, "classes[0].recordings", "is text, not a list; list at least one glob pattern"),
        ("recordings:", "    recordings: ['']", 11, "classes[0].recordings[0]", "is empty"),
        ("recordings:", $"    recordings: [{string.Join(',', Enumerable.Range(0, 1001).Select(number => $"a{number}"))}]", 11, "classes[0].recordings", "has 1001 items; write at most 1000"),
        ("recordings:", "    recordings: [{class: web}]", 11, "classes[0].recordings[0].store", "is missing"),
        ("recordings:", "    recordings: [{store: ''}]", 11, "classes[0].recordings[0].store", "is empty"),
        ("recordings:", "    recordings: [{store: a, clas: web}]", 11, "classes[0].recordings[0].clas", "did you mean 'class'"),
        ("recordings:", "    recordings: [{store: a, class: 7}]", 11, "classes[0].recordings[0].class", "is a number or truth value, not text"),
        ("recordings:", "    recordings: [{store: a, labels: [b]}]", 11, "classes[0].recordings[0].labels", "is not a mapping"),
        ("recordings:", "    recordings: [a, a]", 11, "classes[0].recordings[1]", "stands twice"),
        ("instances:", "    instances: fil", 12, "classes[0].instances", "write fill, or a whole number from 1 to 10,000"),
        ("instances:", "    instances: 10001", 12, "classes[0].instances", "is not allowed"),
        ("instances:", "    instances: 0", 12, "classes[0].instances", "is not allowed"),
        ("limit:", "    limit: {of_peak: 1.7}", 13, "classes[0].limit.of_peak", "up to 100%"),
        ("limit:", "    limit: {of_peek: 70%}", 13, "classes[0].limit.of_peek", "did you mean 'of_peak'?"),
        ("limit:", "    limit: 70%", 13, "classes[0].limit", "has the unknown unit '%'"),
        ("limit:", "    limit: [1 GiB]", 13, "classes[0].limit", "is a list; write none, a size such as 20 GiB, or {of_peak: 70%}"),
        ("swap:", "    swap: zram", 14, "classes[0].swap", "is text, not a mapping"),
        ("swap:", "    swap: {device: nvme, size: 16 GiB}", 14, "classes[0].swap.device", "'nvme' is not known; allowed: zram, ssd, disk, none"),
        ("swap:", "    swap: {device: ssd, size: 16 GiB, zswap: yes}", 14, "classes[0].swap.zswap", "'yes' is not known"),
        ("swap:", "    swap: {device: zrem, size: 16 GiB}", 14, "classes[0].swap.device", "did you mean 'zram'?"),
        ("swap:", "    swap: {size: 16 GiB}", 14, "classes[0].swap.device", "is missing; devices: zram, ssd, disk, none"),
        ("swap:", "    swap: {device: zram}", 14, "classes[0].swap.size", "is missing"),
        ("swap:", "    swap: {device: none, size: 16 GiB}", 14, "classes[0].swap.size", "has no meaning without a device"),
        ("swap:", "    swap: {device: zram, size: 16 GiB, page_cluster: 6}", 14, "classes[0].swap.page_cluster", "from 0 to 5"),
        ("swap:", "    swap: {device: zram, size: 16 GiB, compression_ratio: 0.5}", 14, "classes[0].swap.compression_ratio", "from 1 to 100"),
        ("start:", "    start: end", 15, "classes[0].start", "allowed: random, beginning"),
        ("start:", "    group_limit: 70%", 15, "classes[0].group_limit", "has the unknown unit '%'"),
        ("start:", "    reclaim: on", 15, "classes[0].reclaim", "is text, not a mapping"),
        ("start:", "    reclaim: {watermark: on}", 15, "classes[0].reclaim.watermark", "did you mean 'watermarks'?"),
        ("start:", "    reclaim: {proactive: maybe}", 15, "classes[0].reclaim.proactive", "'maybe' is not known"),
        ("start:", "    reclaim: {proactive: [6 s]}", 15, "classes[0].reclaim.proactive", "is a list; write on, off, or {interval"),
        ("start:", "    reclaim: {proactive: {ratio: 2}}", 15, "classes[0].reclaim.proactive.ratio", "above 0% and up to 100%"),
        ("start:", "    huge_pages: {2M: sometimes}", 15, "classes[0].huge_pages.2M", "'sometimes' is not known"),
        ("start:", "    huge_pages: {max_ptes_none: 512}", 15, "classes[0].huge_pages.max_ptes_none", "from 0 to 511"),
        ("start:", "    ksm: {pages_to_scan: 0}", 15, "classes[0].ksm.pages_to_scan", "is not allowed"),
        ("start:", "    ksm: {sleep_millisecs: 20}", 15, "classes[0].ksm.sleep_millisecs", "is not a key here"),
        ("start:", "    ksm: yes", 15, "classes[0].ksm", "'yes' is not known"),
        ("start:", "    huge_pages: {1G: always}", 15, "classes[0].huge_pages.1G", "is not a key here"),
        ("start:", "    zero_page_forbidden: 2", 15, "classes[0].zero_page_forbidden", "from 0% to 100%"),
        ("start:", "    lru: mglru", 15, "classes[0].lru", "'mglru' is not known; allowed: multi-generational, classic"),
        ("- {metric: z", "  - {metric: rss, is: \"> 1\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].metric", "allowed: rss_mean"),
        ("- {metric: z", "  - {metric: smallest_limit, is: \"> 1\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].metric", "is not covered yet"),
        ("- {metric: z", "  - {metric: zero_filled_share, is: \"> 1%\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].metric", "zero_filled_share/swapped_out_pages"),
        ("- {metric: z", "  - {metric: rss_mean, is: \"about 1 GiB\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].is", "does not compare; begin with >, >=, < or <="),
        ("- {metric: z", "  - {metric: rss_mean, is: \"= 1 GiB\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].is", "does not compare"),
        ("- {metric: z", "  - {metric: rss_mean, is: \"> 1 GB\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].is", "use GiB"),
        ("- {metric: z", "  - {metric: rss_mean, is: \"> 1 GiB\", scope: all, mechanism: linux-6.12}", 17, "claims[0].scope", "allowed: fleet, class:web"),
        ("- {metric: z", "  - {metric: rss_mean, is: \"> 1 GiB\", mechanism: linux-6.12}", 17, "claims[0].scope", "is missing"),
        ("- {metric: z", "  - {metric: rss_mean, is: \"> 1 GiB\", scope: fleet}", 17, "claims[0].mechanism", "is missing"),
        ("- {metric: z", "  - {metric: rss_mean, scope: fleet, mechanism: linux-6.12}", 17, "claims[0].is", "is missing"),
        ("claims:", "claims: []\nclaim:", 16, "claims", "is an empty list"),
    ];

    private static IEnumerable<(string Beginning, string Replacement, int Line, string Field, string Fragment)> Relations() =>
    [
        ("baseline:", "baseline: linux-6.1", 4, "baseline", "is not among the mechanisms; did you mean 'linux-6.12'?"),
        ("nodes:", "    nodes: 010", 8, "classes[0].nodes", "is not allowed"),
        ("level:", "level: 100%", 5, "level", "is not a confidence level"),
        ("level:", "warm_up: 100%", 5, "warm_up", "leaves nothing to measure"),
        ("level:", "duration: 0 s", 5, "duration", "is no time at all"),
        ("level:", "duration: 0.5 us", 5, "duration", "use a smaller unit"),
        ("level:", "duration: 40000 d", 5, "duration", "at most 36500 d"),
        ("level:", "duration: 10 min\nwarm_up: 10 min", 6, "warm_up", "is not shorter than the duration of 10 min"),
        ("memory:", "    memory: 0.1 KiB", 9, "classes[0].memory", "is not a whole number of bytes"),
        ("memory:", "    memory: 8192 PiB", 9, "classes[0].memory", "is too large"),
        ("memory:", "    memory: 0", 9, "classes[0].memory", "is too small"),
        ("unmodelled:", "    unmodelled: 64 GiB", 10, "classes[0].unmodelled", "is not less than the memory of 64 GiB; leave memory for the traces"),
        ("limit:", "    limit: 65 GiB", 13, "classes[0].limit", "65 GiB is more than the memory of 64 GiB"),
        ("limit:", "    limit: {of_peak: 170%}", 13, "classes[0].limit.of_peak", "up to 100%"),
        ("limit:", "    limit: {of_peak: 0%}", 13, "classes[0].limit.of_peak", "above 0%"),
        ("swap:", "    # no swap", 7, "classes[0].swap", "or {device: none}: then memory over the limit cannot be reclaimed"),
        ("swap:", "    reclaim: {proactive: on}", 7, "classes[0].swap", "or {device: none}: then memory over the limit cannot be reclaimed"),
        ("start:", "    ksm: {sleep: 1500 us}", 15, "classes[0].ksm.sleep", "whole number of milliseconds"),
        ("start:", "    reclaim: {proactive: {interval: 500 us}}", 15, "classes[0].reclaim.proactive.interval", "is too short; the least is 1 ms"),
        ("swap:", "    swap: {device: zram, size: 0}", 14, "classes[0].swap.size", "is too small"),
        ("- {metric: z", "  - {metric: rss_mean, is: \"> 1 GiB\", scope: class:wb, mechanism: linux-6.12}", 17, "claims[0].scope", "did you mean 'class:web'?"),
        ("- {metric: z", "  - {metric: rss_mean, is: \"> 1 GiB\", scope: fleet, mechanism: linux-6.1}", 17, "claims[0].mechanism", "did you mean 'linux-6.12'?"),
        ("- {metric: z", "  - {metric: rss_mean, is: \"saved > 1 GiB\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].mechanism", "is the baseline"),
        ("- {metric: z", "  - {metric: rss_mean, is: \"> 10%\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].is", "or write saved before the comparison"),
        ("- {metric: z", "  - {metric: rss_mean, is: \"> -1\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].is", "is not a size"),
        ("- {metric: z", "  - {metric: major_faults, is: \"> 1 GiB\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].is", "compare with a plain number (in 1/s)"),
        ("- {metric: z", "  - {metric: zero_swap_out, is: \"saved > 1%\", scope: fleet, mechanism: linux-6.12+zero-at-swapout}", 17, "claims[0].is", "speaks of a saving"),
        ("- {metric: z", "  - {metric: zero_filled_share/resident_pages, is: \"> 101%\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].is", "at most 100%"),
        ("- {metric: z", "  - {metric: zero_filled_share/resident_pages, is: \"> 10 MiB\", scope: fleet, mechanism: linux-6.12}", 17, "claims[0].is", "a share, such as 10%"),
    ];
}
