using System.CommandLine;
using FleetEstimator.Reports;
using FleetEstimator.Server.Api;

namespace FleetEstimator.Cli.Cluster;

/// <summary><c>fleet-estimator studies</c>: the studies in a cluster, and what can be done with them.</summary>
internal static class StudiesCommand
{
    private const int ShortestId = 8;
    private const int IdDigits = 64;

    private static readonly Option<string?> Cluster = ClusterOption.Create("The cluster.");
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print the result as JSON." };
    private static readonly Argument<string> Id = new("ID") { Description = $"The study's id, or its first {ShortestId} digits or more." };
    private static readonly Option<string> Output = new("--out", "-o") { Description = "Folder of the result.", HelpName = "DIR", Required = true };

    internal static Command Create() => new("studies", "Show and rule the studies in a cluster.") { List(), Watch(), Cancel(), Resume(), Remove(), Report() };

    private static Command List() => Sub("list", "List the studies in the order in which they were submitted.", [], async (call, cancellation) =>
    {
        var studies = await call.Client.List(cancellation);
        call.Output.WriteLine(call.AsJson ? StudyText.ToJson(studies) : studies.Count == 0 ? "no study" : StudyText.List(studies));
        return ExitCode.Done;
    });

    private static Command Watch() => Sub("watch", "Show how far a study is until it has ended. Ctrl-C ends the watching, not the study.", [Id], async (call, cancellation) =>
    {
        var progress = new RunProgress();
        var study = await StudyWatch.UntilEnded(call.Client, await call.StudyId(cancellation), progress, cancellation);
        progress.Clear();
        Print(call, study);
        return StudyWatch.Tell(study, call.Urls, call.Error);
    });

    private static Command Cancel() => Sub("cancel", "Hand out no more nodes of a study. What is done is kept; resume goes on from there.", [Id], async (call, cancellation) =>
    {
        Print(call, await call.Client.Cancel(await call.StudyId(cancellation), cancellation));
        return ExitCode.Done;
    });

    private static Command Resume() => Sub("resume", "Go on with a study that was cancelled; of one that has ended, try the nodes that failed once more.", [Id], async (call, cancellation) =>
    {
        Print(call, await call.Client.Resume(await call.StudyId(cancellation), cancellation));
        return ExitCode.Done;
    });

    private static Command Remove() => Sub("remove", "Remove a study and all its results from the cluster.", [Id], async (call, cancellation) =>
    {
        var study = await call.Client.Status(await call.StudyId(cancellation), cancellation);
        await call.Client.Remove(study.Id, cancellation);
        call.Output.WriteLine(call.AsJson ? StudyText.ToJson(study) : $"removed {StudyText.Short(study.Id)} {study.Name}");
        return ExitCode.Done;
    });

    private static Command Report() => Sub(
        "report", "Fetch report.html, report.json and nodes.parquet of a study that has ended, and print its table; with --json report.json.", [Id, Output], async (call, cancellation) =>
        {
            var folder = new ResultFolder(call.Parsed.GetValue(Output)!);
            folder.Check();
            var fetched = await FetchedResult.Fetch(call.Client, await call.StudyId(cancellation), folder, run: null, cancellation);
            fetched.Print(call.Parsed.GetValue(Output)!, call.AsJson, call.Output);
            return RunCommand.ExitCodeOf(fetched.Result, failOnClaims: false);
        });

    private static void Print(Call call, StudyView study) => call.Output.WriteLine(call.AsJson ? StudyText.ToJson(study) : StudyText.Line(study));

    private static Command Sub(string name, string description, Symbol[] symbols, Func<Call, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description) { Cluster, AsJson };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
                command.Arguments.Add(argument);
            else
                command.Options.Add((Option)symbol);
        }

        command.SetAction(async (parsed, interrupt) =>
        {
            var error = parsed.InvocationConfiguration.Error;
            try
            {
                if (ClusterOption.Of(parsed.GetValue(Cluster)) is not { } silos)
                    return Fail("give the cluster's URL with --cluster", ExitCode.WrongUsage);
                using var client = new ClusterClient(silos, message => error.WriteLine($"studies {name}: {message}"));
                return await run(new Call(parsed, client, silos), interrupt);
            }
            catch (FormatException exception)
            {
                return Fail(exception.Message, ExitCode.WrongUsage);
            }
            catch (ClusterException exception)
            {
                return Fail(exception.Message, exception.ExitCode);
            }
            catch (Exception exception) when (exception is ClusterUnreachableException or IOException or UnauthorizedAccessException)
            {
                return Fail(exception.Message, ExitCode.Failed);
            }
            catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
            {
                return Fail("interrupted", ExitCode.Interrupted);
            }

            int Fail(string message, int exitCode)
            {
                error.WriteLine($"studies {name}: {message}");
                return exitCode;
            }
        });
        return command;
    }

    /// <summary>One use of a subcommand.</summary>
    private sealed class Call(ParseResult parsed, ClusterClient client, IReadOnlyList<Uri> silos)
    {
        public ParseResult Parsed => parsed;

        public ClusterClient Client => client;

        public TextWriter Output => parsed.InvocationConfiguration.Output;

        public TextWriter Error => parsed.InvocationConfiguration.Error;

        public bool AsJson => parsed.GetValue(StudiesCommand.AsJson);

        public string Urls => ClusterOption.ToText(silos);

        /// <summary>The whole id of the study that the user names.</summary>
        public async Task<string> StudyId(CancellationToken cancellation)
        {
            var id = parsed.GetValue(Id)!.ToLowerInvariant();
            if (!id.All(char.IsAsciiHexDigitLower) || id.Length is < ShortestId or > IdDigits)
                throw Unknown($"\"{id}\" is no id of a study: give {ShortestId} to {IdDigits} hexadecimal digits");
            if (id.Length == IdDigits)
                return id;
            return (await client.List(cancellation)).Where(study => study.Id.StartsWith(id, StringComparison.Ordinal)).Take(2).ToList() switch
            {
                [var study] => study.Id,
                [] => throw Unknown($"no study's id begins with {id}"),
                _ => throw Unknown($"several studies' ids begin with {id}"),
            };
        }

        private static ClusterException Unknown(string problem) => new(
            new ApiProblem(Status: 404, ProblemKind.NotFound, "Not Found", $"{problem}; fleet-estimator studies list --json shows ids in full."));
    }
}
