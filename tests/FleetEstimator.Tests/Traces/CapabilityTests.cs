using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Traces;

public sealed class CapabilityTests : IDisposable
{
    private const string Key = "label.capability";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Capability.CounterOnly, "counter-only")]
    [InlineData(Capability.AccessOnly, "access-only")]
    [InlineData(Capability.MappingOnly, "mapping-only")]
    [InlineData(Capability.ContentKnown, "content-known")]
    public void IsWrittenAsALabel_AndReadBack(Capability capability, string name)
    {
        var path = _folder["t.arrow"];
        using (var writer = TraceWriter.Create(path, TraceExamples.Header with { Capability = capability }))
            writer.Complete();

        var trace = Trace.Load(path);
        Assert.Equal(capability, trace.Header.Capability);
        Assert.DoesNotContain("capability", trace.Header.Labels.Keys);
        Assert.Equal(name, TraceInspection.Of(trace).Metadata[Key]);
    }

    [Fact]
    public void IsContentKnown_WhenTheTraceDoesNotSay() => Assert.Equal(Capability.ContentKnown, Load(null).Header.Capability);

    [Fact]
    public void IsRefused_WhenNoSuchCapabilityIsKnown()
    {
        var exception = Assert.Throws<TraceException>(() => Load("contents-known"));
        Assert.Equal(
            "bad.arrow, metadata label.capability: \"contents-known\" is not a capability. "
                + "Write one of counter-only, access-only, mapping-only, content-known, or leave the key out for content-known.",
            exception.Message);
    }

    [Fact]
    public void CannotBeContradictedByALabel() =>
        Assert.Contains(
            Key,
            Assert.Throws<ArgumentException>(() => TraceWriter.Create(
                _folder["t.arrow"], TraceExamples.Header with { Labels = new Dictionary<string, string> { ["capability"] = "access-only" } })).Message,
            StringComparison.Ordinal);

    private static Trace Load(string? capability)
    {
        var file = new ArrowTraceFile();
        file.Metadata.Remove(Key);
        if (capability is not null)
            file.Metadata.Add(Key, capability);
        return TraceReader.Load("bad.arrow", file.Write([[]]), TraceLimits.Default);
    }
}
