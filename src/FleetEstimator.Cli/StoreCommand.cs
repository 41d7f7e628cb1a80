using System.CommandLine;
using System.Text.Json;
using FleetEstimator.Estimation;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator store</c>: what a trace store holds, whether it is still that, and what is removed from it.</summary>
internal static class StoreCommand
{
    private const int ShortestDigest = 4;

    private static readonly Option<string> Folder = new("--store") { Description = "Folder of the store.", HelpName = "DIR", Required = true };
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print the result as JSON." };
    private static readonly Option<string?> Class = new("--class") { Description = "Only this class; * and ? are wildcards, here and below.", HelpName = "NAME" };
    private static readonly Option<string?> Node = new("--node") { Description = "Only this node.", HelpName = "LABEL" };
    private static readonly Option<string?> Kernel = new("--kernel") { Description = "Only this kernel release, such as '6.12*'.", HelpName = "RELEASE" };
    private static readonly Option<string[]> Labels = new("--label") { Description = "Only traces with this label; may be repeated.", HelpName = "NAME=VALUE" };

    internal static Command Create() => new("store", "Show, check and thin out a trace store.") { List(), Show(), Verify(), Remove(), Retain() };

    private static Command List() => Sub("list", "List the traces of a store: node, class, kernel, duration, sizes, zero-filled shares of resident, swapped-out and swapped-in pages, labels.", [Class, Node, Kernel, Labels], (parsed, output, _) =>
    {
        var entries = Open(parsed).Catalogue(FilterOf(parsed));
        output.WriteLine(parsed.GetValue(AsJson) ? ToJson(entries) : entries.Count == 0 ? "no such trace" : StoreText.List(entries));
        return ExitCode.Done;
    });

    private static Command Show()
    {
        var digest = new Argument<string>("DIGEST") { Description = $"The trace's digest, or its first {ShortestDigest} digits or more." };
        return Sub("show", "Show all that the catalogue says of a trace, and where it lies.", [digest], (parsed, output, _) =>
        {
            var store = Open(parsed);
            var entry = Named(store, [parsed.GetValue(digest)!])[0];
            var (file, counters) = (store.FileOf(entry).Path, store.CountersOf(entry));
            output.WriteLine(parsed.GetValue(AsJson) ? JsonSerializer.Serialize(new { entry, file, counters_file = counters }, StoreText.Json) : StoreText.Show(entry, file, counters));
            return ExitCode.Done;
        });
    }

    private static Command Verify()
    {
        var digests = Digests("Traces to verify; all if none is named.");
        return Sub("verify", "Read traces and their counters again and hold them against digests and catalogue (exit code 3 if any has changed); of the whole store also what was submitted with studies. Fills in zero-filled shares that an earlier version left out.", [digests, Class, Node, Kernel, Labels], (parsed, output, error) =>
        {
            var store = Open(parsed);
            var named = parsed.GetValue(digests)!;
            var entries = named.Length > 0 ? Named(store, named) : store.Catalogue(FilterOf(parsed));
            error.WriteLine($"verifying {entries.Count:N0} traces, {StoreText.Size(entries.Sum(entry => entry.StoredBytes))}");
            var verified = entries.Select(entry => StoreVerification.Verify(store, entry)).ToList();

            // What came with studies is in no catalogue, so nothing names it.
            var submitted = named.Length == 0 && FilterOf(parsed).TakesAll ? new SubmittedFiles(store).Verify().ToList() : [];
            var badSubmitted = submitted.FindAll(file => file.Problem is not null);

            // What was removed meanwhile is no longer the store's.
            var bad = verified.FindAll(trace => trace.Problem is not null && store.Find(trace.Entry.Digest) is not null);
            var filled = KeepZeroShares(store, verified, error);
            if (parsed.GetValue(AsJson))
            {
                output.WriteLine(JsonSerializer.Serialize(
                    new
                    {
                        verified = verified.Count,
                        bad = bad.Select(trace => new { digest = trace.Entry.Digest, node = trace.Entry.Node, problem = trace.Problem }),
                        zero_shares_filled_in = filled,
                        submitted = submitted.Count,
                        bad_submitted = badSubmitted.Select(file => new { file = file.Key, problem = file.Problem }),
                    },
                    StoreText.Json));
            }
            else
            {
                foreach (var (entry, problem) in bad)
                    output.WriteLine($"{StoreText.Short(entry)} of node {entry.Node}: {problem}. Remove it and ingest {entry.Source.Name} again.");
                foreach (var (key, problem) in badSubmitted)
                    output.WriteLine($"{key}: {problem}. Delete it; the study that needs it sends it again.");
                output.WriteLine($"{verified.Count - bad.Count:N0} as ingested, {bad.Count:N0} not{(filled > 0 ? $"; zero-filled shares of {filled:N0} filled in" : "")}");
                if (submitted.Count > 0)
                    output.WriteLine($"{submitted.Count - badSubmitted.Count:N0} files as submitted with studies, {badSubmitted.Count:N0} not");
            }

            return bad.Count + badSubmitted.Count > 0 ? ExitCode.BadInput : ExitCode.Done;
        });
    }

    /// <summary>Fills in zero shares that the catalogue lacks. How many were.</summary>
    private static int KeepZeroShares(TraceStore store, List<VerifiedTrace> verified, TextWriter error)
    {
        var found = verified.FindAll(trace => trace.NewZeroShare is not null);
        try
        {
            foreach (var trace in found)
                store.Keep(trace.Entry, trace.NewZeroShare!);
            return found.Count;
        }
        catch (TraceException exception)
        {
            error.WriteLine($"The zero-filled shares of {found.Count:N0} traces, which the catalogue lacks, cannot be kept: {exception.Message}");
            return 0;
        }
    }

    private static Command Remove()
    {
        var digests = Digests("Traces to remove.", ArgumentArity.OneOrMore);
        return Sub("remove", "Remove traces from a store, with their counters.", [digests], (parsed, output, error) =>
        {
            var store = Open(parsed);
            return RemoveAll(store, Named(store, parsed.GetValue(digests)!), parsed, output, error);
        });
    }

    private static Command Retain()
    {
        var olderThan = new Option<string?>("--older-than") { Description = "Remove recordings begun longer ago than this, such as 90d.", HelpName = "TIME" };
        var keep = new Option<int?>("--keep") { Description = "Keep the newest N traces of every node, whatever their age; without --older-than remove all others.", HelpName = "N" };
        var apply = new Option<bool>("--apply") { Description = "Remove them; without it they are only listed." };
        var command = Sub("retain", "Remove old traces. Only lists what would go unless --apply is given.", [olderThan, keep, Class, Node, Kernel, Labels, apply], (parsed, output, error) =>
        {
            var store = Open(parsed);
            var retention = new Retention { OlderThan = parsed.GetValue(olderThan) is { } text ? Age(text) : null, KeepPerNode = parsed.GetValue(keep) };
            var expired = retention.Expired(store.Catalogue(FilterOf(parsed)), TimeProvider.System.GetUtcNow());
            if (parsed.GetValue(apply))
                return RemoveAll(store, expired, parsed, output, error);
            output.WriteLine(parsed.GetValue(AsJson) ? ToJson(expired) : expired.Count == 0 ? "nothing to remove" : StoreText.List(expired));
            if (expired.Count > 0)
                error.WriteLine("Nothing was removed. Give --apply to remove these.");
            return ExitCode.Done;
        });
        command.Validators.Add(result =>
        {
            if (result.GetValue(olderThan) is null && result.GetValue(keep) is null)
                result.AddError("Give --older-than TIME, --keep N, or both.");
            if (result.GetValue(olderThan) is { } text && Age(text) is null)
                result.AddError($"--older-than {text}: give a number and a unit, such as 90d or 12h.");
            if (result.GetValue(keep) is < 0)
                result.AddError("--keep: give a number of traces, 0 or more.");
        });
        return command;
    }

    private static int RemoveAll(TraceStore store, IReadOnlyList<CatalogueEntry> entries, ParseResult parsed, TextWriter output, TextWriter error)
    {
        var isGone = entries.Count == 0 || store.Remove(entries);
        output.WriteLine(parsed.GetValue(AsJson) ? ToJson(entries) : $"removed {entries.Count:N0} traces, {StoreText.Size(entries.Sum(entry => entry.StoredBytes))}");
        if (!isGone)
            error.WriteLine("Other ingests are at work: the files themselves go when the next ingest or removal finds itself alone.");
        return ExitCode.Done;
    }

    private static Command Sub(string name, string description, Symbol[] symbols, Func<ParseResult, TextWriter, TextWriter, int> run)
    {
        var command = new Command(name, description) { Folder, AsJson };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
                command.Arguments.Add(argument);
            else
                command.Options.Add((Option)symbol);
        }

        if (symbols.Contains(Labels))
            command.Validators.Add(result => LabelText.Check(result.GetValue(Labels), result.AddError));
        command.SetAction(parsed =>
        {
            var console = parsed.InvocationConfiguration;
            return CommandErrors.Report($"store {name}", console.Error, () => run(parsed, console.Output, console.Error));
        });
        return command;
    }

    private static Argument<string[]> Digests(string description, ArgumentArity? arity = null) => new("DIGEST")
    {
        Description = $"{description} Their digests, or the first {ShortestDigest} digits or more.",
        Arity = arity ?? ArgumentArity.ZeroOrMore,
    };

    private static TraceStore Open(ParseResult parsed) => TraceStore.Open(parsed.GetValue(Folder)!);

    private static CatalogueFilter FilterOf(ParseResult parsed) => new()
    {
        Class = parsed.GetValue(Class),
        Node = parsed.GetValue(Node),
        Kernel = parsed.GetValue(Kernel),
        Labels = LabelText.Parse(parsed.GetValue(Labels)),
    };

    private static List<CatalogueEntry> Named(TraceStore store, string[] digests)
    {
        var entries = store.Catalogue();
        return [.. digests.Select(digest => entries.Where(entry => entry.Digest.StartsWith(digest, StringComparison.OrdinalIgnoreCase)).Take(2).ToList() switch
        {
            _ when digest.Length < ShortestDigest => throw Unknown(digest, $"has fewer than {ShortestDigest} digits"),
            [var entry] => entry,
            [] => throw Unknown(digest, "is not the digest of any trace in the store"),
            _ => throw Unknown(digest, "is the beginning of several digests"),
        }).DistinctBy(entry => entry.Digest)];
    }

    private static TraceException Unknown(string digest, string problem) =>
        new(digest, null, null, $"it {problem}", "fleet-estimator store list --json shows digests in full");

    private static TimeSpan? Age(string text) =>
        Period.TryParse(text, out var microseconds, out _) ? TimeSpan.FromMicroseconds(microseconds) : null;

    private static string ToJson(IReadOnlyList<CatalogueEntry> entries) => JsonSerializer.Serialize(entries, StoreText.Json);
}
