using FleetEstimator.Recorder;
using FleetEstimator.Tests.Traces;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

/// <summary>Counters and settings of machines that are folders of files.</summary>
public sealed class NodeCountersTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void TakesTheCountersOfSwapAndReclaim()
    {
        Write("proc/vmstat", "nr_free_pages 5\npswpin 1\npswpout 18446744073709551615\nswpin_zero 2\npgscan_direct 3\nworkingset_nodes 4\nworkingset_refault_anon 6\nodd\n");
        var sample = new NodeCounters(null, _root.Path).Sample(42);
        Assert.Equal(42UL, sample.TimeMicroseconds);
        Assert.Equal(
            new Dictionary<string, long> { ["pswpin"] = 1, ["swpin_zero"] = 2, ["pgscan_direct"] = 3, ["workingset_refault_anon"] = 6 },
            sample.Vmstat.ToDictionary());
        Assert.Null(sample.Cgroups);
    }

    [Fact]
    public void TakesACgroupOfVersion2()
    {
        Write("proc/vmstat", "pswpin 1\n");
        Write("group/memory.stat", "anon 4096\nswpin_zero 7\n");
        Write("group/memory.current", "8192\n");
        Write("group/memory.max", "max\n");
        Write("group/memory.high", "max\n");
        Write("group/memory.swap.max", "0\n");
        Write("group/memory.swap.current", "12288\n");
        var group = Assert.Single(new NodeCounters(_root["group"], _root.Path).Sample(0).Cgroups!);
        Assert.Equal(_root["group"], group.Key);
        Assert.Equal(
            new Dictionary<string, long> { ["anon"] = 4096, ["swpin_zero"] = 7, ["current"] = 8192, ["swap_max"] = 0, ["swap_current"] = 12288 }, group.Value.ToDictionary());

        Write("group/memory.max", "65536\n");
        Write("group/memory.high", "61440\n");
        var limited = new NodeCounters(_root["group"], _root.Path).Sample(0).Cgroups!.Values.Single();
        Assert.Equal((65536, 61440), (limited["max"], limited["high"]));
        Directory.Delete(_root["group"], recursive: true);
        Assert.Null(new NodeCounters(_root["group"], _root.Path).Sample(0).Cgroups);
    }

    [Fact]
    public void TakesACgroupOfVersion1()
    {
        Write("proc/vmstat", "pswpin 1\n");
        Write("group/memory.stat", "rss 4096\nhierarchical_memory_limit 9223372036854771712\ntotal_swap 100\n");
        Write("group/memory.usage_in_bytes", "8192\n");
        Write("group/memory.limit_in_bytes", "9223372036854771712\n");
        var group = new NodeCounters(_root["group"], _root.Path).Sample(0).Cgroups!.Values.Single();
        Assert.Equal((8192, 100, 4096), (group["current"], group["swap_current"], group["rss"]));
        Assert.DoesNotContain("max", group.Keys);
    }

    [Theory]
    [InlineData("/sys/fs/cgroup/system.slice/web.service/", "system.slice/web.service")]
    [InlineData("/sys/fs/cgroup/memory/web", "web")]
    [InlineData("/sys/fs/cgroup/unified/a/b", "a/b")]
    [InlineData("/elsewhere/a", "/elsewhere/a")]
    public void ACgroupIsNamedByItsPathBelowTheMount(string folder, string name) => Assert.Equal(name, NodeCounters.NameOf(folder));

    [Fact]
    public void TellsHowTheNodePages()
    {
        Write("proc/sys/vm/swappiness", "60\n");
        Write("proc/sys/vm/page-cluster", "3\n");
        Write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
        Write("sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled", "always inherit madvise [never]\n");
        Write("sys/module/zswap/parameters/enabled", "N\n");
        Write("sys/kernel/mm/lru_gen/enabled", "0x0007\n");
        Write("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/zram0 partition 1024 0 100\n/dev/sdb2 partition 2048 0 -2\n/swap\\040file file 4096 0 -3\n/gone/file file 4 0 -4\n");
        Write("sys/class/block/zram0/comp_algorithm", "lzo-rle [zstd]\n");
        Write("sys/devices/sdb/queue/rotational", "1\n");
        Write("sys/devices/sdb/sdb2/size", "1\n");
        Write("sys/devices/nvme0n1/queue/rotational", "0\n");
        _ = Directory.CreateDirectory(_root["sys/dev/block"]);
        _ = Directory.CreateSymbolicLink(_root["sys/class/block/sdb2"], _root["sys/devices/sdb/sdb2"]);
        _ = Directory.CreateSymbolicLink(_root["sys/dev/block/259:0"], _root["sys/devices/nvme0n1"]);
        Write("proc/self/mountinfo", "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n23 22 0:5 / /gone rw - tmpfs none rw\n");

        var settings = PagingSettings.Read(_root.Path);

        Assert.Equal(
            [
                "lru_gen=0x0007", "mthp.64kB=never", "page_cluster=3",
                "swap.0.algorithm=zstd", "swap.0.bytes=1048576", "swap.0.device=zram", "swap.0.priority=100",
                "swap.1.bytes=2097152", "swap.1.device=disk", "swap.1.priority=-2",
                "swap.2.bytes=4194304", "swap.2.device=ssd", "swap.2.priority=-3",
                "swap.3.bytes=4096", "swap.3.device=unknown", "swap.3.priority=-4",
                "swappiness=60", "thp=madvise", "zswap=N",
            ],
            settings.Select(setting => $"{setting.Key}={setting.Value}"));
    }

    [Fact]
    public void ThisMachineTellsSomething()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("There is no /proc here.");
        Assert.Contains("swappiness", PagingSettings.Read().Keys);
        Assert.InRange(new NodeCounters(null).Sample(0).Vmstat["pgfault"], 1, long.MaxValue);
    }

    private void Write(string path, string text)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(_root[path])!);
        File.WriteAllText(_root[path], text);
    }
}
