using FleetEstimator.Estimation;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

public sealed class StudyIdentityTests
{
    [Theory]
    [InlineData(Studies.Example)]
    [InlineData(Studies.Least)]
    [InlineData(Studies.Everything)]
    public void ReadsBackTheSame_FromTheCanonicalForm(string yaml)
    {
        var canonical = StudyIdentity.Canonical(StudyReader.Read(yaml, "study.yaml"));

        Assert.Equal(canonical, StudyIdentity.Canonical(StudyReader.Read(canonical, "canonical.json")));
        Assert.DoesNotContain('\n', canonical);
    }

    [Fact]
    public void IsEqual_WhenOnlyCommentsSpellingsAndDefaultsDiffer()
    {
        const string spelt = """
            # the same in other words
            mechanisms:
            - "linux-6.12"
            study: least
            baseline: linux-6.12
            seed: 1
            warm_up: 0.25
            level: 0.950
            classes: [{name: db, nodes: 1, memory: 1024MiB, unmodelled: 0 B, recordings: [db.arrow], instances: fill, limit: none, swap: {device: none}, start: random}]
            """;

        Assert.Equal(Digest(Studies.Least), Digest(spelt));
        Assert.Equal(64, Digest(spelt).Length);
    }

    [Theory]
    [InlineData("study:", "study: other")]
    [InlineData("seed:", "seed: 8")]
    [InlineData("mechanisms:", "mechanisms: [linux-6.12+zero-pfn-swapin, linux-6.12, linux-6.12+zero-at-swapout]")]
    [InlineData("baseline:", "baseline: linux-6.12+zero-at-swapout")]
    [InlineData("level:", "level: 90%")]
    [InlineData("level:", "duration: 1 h")]
    [InlineData("level:", "warm_up: 10 s")]
    [InlineData("level:", "costs: {fault: 341}")]
    [InlineData("level:", "costs: {fault: {ns: 330, source: measured here}}")]
    [InlineData("nodes:", "    nodes: 40001")]
    [InlineData("memory:", "    memory: 65 GiB")]
    [InlineData("unmodelled:", "    unmodelled: 13 GiB")]
    [InlineData("recordings:", "    recordings: [traces/*.arrow]")]
    [InlineData("instances:", "    instances: 2")]
    [InlineData("limit:", "    limit: {of_peak: 71%}")]
    [InlineData("limit:", "    limit: 20 GiB")]
    [InlineData("swap:", "    swap: {device: zram, size: 16 GiB, page_cluster: 3}")]
    [InlineData("swap:", "    swap: {device: ssd, size: 16 GiB, page_cluster: 0}")]
    [InlineData("swap:", "    swap: {device: disk, size: 16 GiB, page_cluster: 0}")]
    [InlineData("swap:", "    swap: {device: zram, size: 16 GiB, page_cluster: 0, zswap: on}")]
    [InlineData("start:", "    start: beginning")]
    [InlineData("start:", "    lru: classic")]
    [InlineData("start:", "    group_limit: 1 GiB")]
    [InlineData("start:", "    reclaim: {watermarks: on}")]
    [InlineData("start:", "    reclaim: {proactive: on}")]
    [InlineData("start:", "    reclaim: {proactive: {ratio: 0.1%}}")]
    [InlineData("start:", "    huge_pages: {2M: always}")]
    [InlineData("start:", "    huge_pages: {64K: always}")]
    [InlineData("start:", "    huge_pages: {max_ptes_none: 409}")]
    [InlineData("start:", "    ksm: on")]
    [InlineData("start:", "    ksm: {sleep: 40 ms}")]
    [InlineData("start:", "    zero_page_forbidden: 10%")]
    [InlineData("- {metric: m", "  - {metric: memory_mean, is: \"saved >= 2%\", scope: class:web, mechanism: linux-6.12+zero-pfn-swapin}")]
    public void Differs_WhenTheStudyDoes(string lineBeginning, string replacement)
    {
        var other = Studies.ExampleWith(lineBeginning, replacement);
        if (lineBeginning == "baseline:")
            other = other.Replace("mechanism: linux-6.12+zero-pfn-swapin", "mechanism: linux-6.12", StringComparison.Ordinal);

        Assert.NotEqual(Digest(Studies.Example), Digest(other));
    }

    /// <summary>A digest names stored results: if this changes, every stored result is lost, so it changes only on purpose.</summary>
    [Fact]
    public void StaysTheSame_FromVersionToVersion() =>
        Assert.Equal(
            """{"study":"least","seed":1,"mechanisms":["linux-6.12"],"baseline":"linux-6.12","level":"95%","warm_up":"25%","costs":{"fault":330,"page_allocation":210,"page_clearing":190,"page_copy":650,"copy_on_write":290,"reclaim":130,"reverse_map_walk":155,"zero_check_of_zeros":155,"zero_check_of_data":15,"slot_allocation":800,"slot_release":385,"compression":615,"decompression":405,"zram_write":560,"zram_read":490,"zswap_store":750,"zswap_load":2180,"ssd_write":1600,"ssd_read":1600,"ssd_read_latency":80000,"disk_write":1600,"disk_read":1600,"disk_read_latency":12000000,"ksm_scan":600},"classes":[{"name":"db","nodes":1,"memory":1073741824,"unmodelled":0,"recordings":["db.arrow"],"instances":"fill","limit":"none","swap":{"device":"none"},"start":"random","lru":"multi-generational"}]}""",
            StudyIdentity.Canonical(StudyReader.Read(Studies.Least, "study.yaml")));

    private static string Digest(string yaml) => StudyIdentity.Digest(StudyReader.Read(yaml, "study.yaml"));
}
