using System.Text.Json;
using System.Text.Json.Nodes;

namespace FleetEstimator.Traces;

/// <summary>Whether a stored trace is still what was ingested.</summary>
/// <param name="Entry">What the catalogue says of it.</param>
/// <param name="Problem">What is wrong, or null.</param>
public sealed record VerifiedTrace(CatalogueEntry Entry, string? Problem)
{
    /// <summary>
    /// The zero shares of the trace, if the catalogue has none or others: an earlier version with another model ingested it, so this is no problem. To be
    /// kept by <see cref="TraceStore.Keep"/>. Otherwise null.
    /// </summary>
    public ZeroShares? NewZeroShare { get; init; }
}

/// <summary>Holds what lies in a store against its digests and its catalogue.</summary>
public static class StoreVerification
{
    /// <summary>Reads a stored trace, and its counters, from the first byte to the last.</summary>
    public static VerifiedTrace Verify(TraceStore store, CatalogueEntry entry)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(entry);
        try
        {
            var (problem, zeroShare) = ReadTrace(store, entry);
            problem ??= ProblemOfCounters(store, entry);
            return new(entry, problem) { NewZeroShare = problem is null && zeroShare is not null && zeroShare != entry.ZeroShare ? zeroShare : null };
        }
        catch (TraceException exception)
        {
            return new(entry, exception.Problem);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new(entry, $"it cannot be read: {exception.Message.TrimEnd('.')}");
        }
    }

    private static (string? Problem, ZeroShares? ZeroShare) ReadTrace(TraceStore store, CatalogueEntry entry)
    {
        var path = store.Blobs.Fetch(TraceStore.TraceKey(entry.Digest));
        var (digest, bytes) = TraceStore.DigestOf(path);
        if (digest != entry.Digest)
            return ($"its bytes have changed: their SHA-256 is {digest}", null);
        using var scan = TraceScan.Open(path, TraceLimits.Default);
        var facts = TraceFacts.Of(scan, (_, _) => { });
        var stored = CatalogueEntry.Of(scan.Header, facts, digest, bytes);
        if (stored.Labels.Keys.FirstOrDefault(name => !entry.Labels.ContainsKey(name)) is { } lost)
            return ($"the catalogue lacks its label {lost}", null);
        var problem = FirstDifference(
            entry, stored with { Labels = entry.Labels, ZeroShare = entry.ZeroShare, Counters = entry.Counters, Source = entry.Source, IngestedAt = entry.IngestedAt });
        return (problem, problem is null ? facts.ZeroShare ?? TraceReplay.ZeroSharesOf(path, TraceLimits.Default) : null);
    }

    private static string? ProblemOfCounters(TraceStore store, CatalogueEntry entry)
    {
        if (entry.Counters is not { } counters)
            return null;
        var (digest, _) = TraceStore.DigestOf(store.Blobs.Fetch(TraceStore.CounterKey(counters.Digest)));
        return digest == counters.Digest ? null : $"the bytes of its counters have changed: their SHA-256 is {digest}";
    }

    private static string? FirstDifference(CatalogueEntry entry, CatalogueEntry stored)
    {
        var (said, actual) = (Fields(entry), Fields(stored));
        foreach (var (name, value) in actual)
        {
            if (!JsonNode.DeepEquals(said[name], value))
                return $"the catalogue says {name} {said[name]?.ToJsonString()}, the trace {value?.ToJsonString()}";
        }

        return null;
    }

    private static JsonObject Fields(CatalogueEntry entry) => JsonSerializer.SerializeToNode(entry, CatalogueJson.Default.CatalogueEntry)!.AsObject();
}
