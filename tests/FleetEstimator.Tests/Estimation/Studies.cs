using Xunit;

namespace FleetEstimator.Tests.Estimation;

/// <summary>Study files that several tests use.</summary>
internal static class Studies
{
    /// <summary>The example that programs and people may rely on.</summary>
    public const string Example = """
        study: zero-pfn-rollout
        seed: 7
        mechanisms: [linux-6.12, linux-6.12+zero-pfn-swapin, linux-6.12+zero-at-swapout]
        baseline: linux-6.12
        level: 95%
        classes:
          - name: web
            nodes: 40000                 # in the fleet
            memory: 64 GiB
            unmodelled: 12 GiB           # page cache, shared memory, kernel: not in the traces
            recordings: [traces/web-*.arrow]
            instances: fill              # copies of a recording side by side until memory is used as recorded; or a number
            limit: {of_peak: 70%}        # memory limit, relative to the unlimited peak RSS, or bytes, or none
            swap: {device: zram, size: 16 GiB, page_cluster: 0}
            start: random                # offset into the recording
        claims:
          - {metric: zero_filled_share/swapped_out_pages, is: "> 10%", scope: fleet, mechanism: linux-6.12}
          - {metric: memory_mean, is: "saved > 2%", scope: class:web, mechanism: linux-6.12+zero-pfn-swapin}
        """;

    /// <summary>The least a study must say.</summary>
    public const string Least = """
        study: least
        mechanisms: [linux-6.12]
        classes:
          - name: db
            nodes: 1
            memory: 1 GiB
            recordings: [db.arrow]
        """;

    /// <summary>A study that says everything, each in its less usual way.</summary>
    public const string Everything = """
        %YAML 1.2
        ---
        "study": '2026.06_full-study'
        seed: 18446744073709551615
        mechanisms:
          - linux-6.1
          - "linux-6.12"
          - linux-6.12+zero-pfn-swapin-ra
        baseline: linux-6.1
        level: 0.995
        duration: 1.5 h
        warm_up: 90 s
        costs: {page_copy: 400, fault: {ns: 512, source: "measured: by us"}, disk_read_latency: 1000000000}
        simulation: {half_width: 2.5%, metrics: [major_faults, zero_filled_share/swapped_out_pages]}
        right_size: {major_faults: {of_baseline: 110%}}
        classes:
          - name: web
            nodes: 3
            frame: 400
            collapse: small
            memory: 68719476736
            recordings: [a/*.arrow, 'b/**/*.arrow']
            instances: 10000
            limit: 512 MiB
            swap: {device: zram, size: 1.5 TiB, page_cluster: 5, compression_ratio: 2.75}
            start: beginning
            lru: multi-generational
            group_limit: {of_peak: 62.5%}
            reclaim: {watermarks: on, proactive: {interval: 2.5 s, ratio: 0.0007, pressure: 1%}}
            huge_pages: {2M: madvise, 64K: always, max_ptes_none: 409}
            ksm: {pages_to_scan: 4000, sleep: 10 ms}
            zero_page_forbidden: 12.5%
            zero_pages: 7.5%
            loads: 1
          - {name: ssd, nodes: 1, memory: 1 GiB, recordings: [db.arrow], group_limit: 1 MiB, swap: {device: ssd, size: 1 GiB, zswap: on}, reclaim: {proactive: on}, ksm: on}
          - {name: 0db, nodes: 100000000, memory: 1TiB, unmodelled: 0.5 TiB, recordings: [db.arrow], limit: {of_peak: 1}, swap: {device: none}}
          - {name: idle, nodes: 1, memory: 1 GiB, recordings: [db.arrow, {store: a?b, class: id*, node: "7", kernel: 6.12*, labels: {zone: ä&b}}, {store: b, weight: 0.25}, {files: x*.arrow, weight: 12}], limit: none}
        claims:
          - {metric: rss_peak, is: ">= 2 GiB", scope: class:0db, mechanism: linux-6.12}
          - {metric: rss_mean, is: "<= 4096", scope: fleet, mechanism: linux-6.1}
          - {metric: major_faults, is: "< 5.5", scope: fleet, mechanism: linux-6.12}
          - {metric: swap_out, is: "saved>=100 MiB/s", scope: fleet, mechanism: linux-6.12}
          - {metric: swap_in, is: "< 1 GiB", scope: fleet, mechanism: linux-6.12}
          - {metric: cpu, is: "saved > -1.25%", scope: class:idle, mechanism: linux-6.12}
          - {metric: zero_filled_share/resident_pages, is: "> 0.1", scope: fleet, mechanism: linux-6.1}
          - {metric: memory_peak, is: "saved > 1125899906842625 B", scope: fleet, mechanism: linux-6.12}
          - {metric: smallest_limit, is: "saved > 1%", scope: fleet, mechanism: linux-6.12}
        """;

    /// <summary><see cref="Example"/> with one line put in the place of another (told by how it begins).</summary>
    public static string ExampleWith(string lineBeginning, string replacement)
    {
        var lines = Example.Split('\n');
        var index = Array.FindIndex(lines, line => line.TrimStart().StartsWith(lineBeginning, StringComparison.Ordinal));
        Assert.True(index >= 0, $"No line of the example begins with '{lineBeginning}'.");
        lines[index] = replacement;
        return string.Join('\n', lines);
    }
}
