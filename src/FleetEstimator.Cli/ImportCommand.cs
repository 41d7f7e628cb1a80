using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using FleetEstimator.Estimation;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Import;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator import</c>: turns files that other tools wrote into traces; a subcommand for every format.</summary>
internal static class ImportCommand
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    internal static Command Create()
    {
        var list = new Option<bool>("--list") { Description = "List the formats with what each can say, and their options." };
        var json = new Option<bool>("--json") { Description = "With --list: print it as JSON." };
        var command = new Command("import", "Turn files that other tools wrote into traces. Every format says what it can tell; a study refuses claims that its traces cannot support.") { list, json };
        foreach (var importer in Importer.All)
            command.Add(Create(importer));
        command.SetAction(parsed =>
        {
            if (!parsed.GetValue(list))
            {
                parsed.InvocationConfiguration.Error.WriteLine("Give a format: fleet-estimator import FORMAT FILE --out TRACE. fleet-estimator import --list shows them.");
                return ExitCode.WrongUsage;
            }

            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(json) ? ListAsJson() : ListAsText());
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Create(Importer importer)
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = importer.FilesDescription,
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string>("--out", "-o") { Description = "The trace to write, X.arrow; counters go to X.counters.jsonl. It must not exist.", HelpName = "FILE", Required = true };
        var node = new Option<string?>("--node") { Description = "Opaque label of the node; default: derived from the files.", HelpName = "LABEL" };
        var labels = new Option<string[]>("--label") { Description = "A free label in the trace's metadata; may be repeated.", HelpName = "NAME=VALUE" };
        var recordedAt = new Option<DateTimeOffset?>("--recorded-at")
        {
            Description = "When the recording began, such as 2025-01-31T23:59:59Z; default: as the file says, or when it was last written.",
            HelpName = "TIME",
            CustomParser = ParseTime,
        };
        var kernel = new Option<string?>("--kernel") { Description = "uname -r of the node, if the file does not say it.", HelpName = "RELEASE" };
        var memory = SizeOption("--memory", "Memory of the node, such as 64 GiB, if the file does not say it.");
        var swap = SizeOption("--swap", "Swap of the node, if the file does not say it.");
        var pageSize = new Option<int?>("--page-size") { Description = "Bytes in a page; default: as the file says, or 4096.", HelpName = "BYTES" };
        var json = new Option<bool>("--json") { Description = "Print the summary as JSON." };
        var command = new Command(importer.Format, $"{importer.Description} [{CapabilitiesOf(importer)}]")
        {
            files, output, node, labels, recordedAt, kernel, memory, swap, pageSize, json,
        };
        var own = importer.Options.Select(option => (Option: option, Symbol: SymbolOf(option))).ToList();
        foreach (var (_, symbol) in own)
            command.Add(symbol);
        command.Validators.Add(result =>
        {
            if (result.GetValue(pageSize) is { } size && !(size is >= TraceFormat.PageSizeMin and <= TraceFormat.PageSizeMax && BitOperations.IsPow2(size)))
                result.AddError($"--page-size {size}: give a power of two from {TraceFormat.PageSizeMin} to {TraceFormat.PageSizeMax}.");
            if (result.GetValue(node) is { } label && string.IsNullOrWhiteSpace(label))
                result.AddError("--node: give a label that is not empty.");
            if (result.GetValue(kernel) is { } release && string.IsNullOrWhiteSpace(release))
                result.AddError("--kernel: give a release that is not empty.");
            foreach (var text in result.GetValue(labels) ?? [])
            {
                if (text.IndexOf('=', StringComparison.Ordinal) <= 0 || text.StartsWith(Capabilities.Label + "=", StringComparison.Ordinal))
                    result.AddError($"--label {text}: give NAME=VALUE; the name capability is taken.");
            }
        });
        command.SetAction(parsed => Run(
            () => new ImportRequest
            {
                Importer = importer,
                Options = OptionsOf(parsed, own),
                Node = parsed.GetValue(node),
                RecordedAt = parsed.GetValue(recordedAt),
                KernelRelease = parsed.GetValue(kernel),
                MemoryBytes = parsed.GetValue(memory),
                SwapBytes = parsed.GetValue(swap),
                PageSize = parsed.GetValue(pageSize),
                Labels = (parsed.GetValue(labels) ?? []).Select(label => label.Split('=', 2)).GroupBy(pair => pair[0]).ToDictionary(same => same.Key, same => same.Last()[1]),
            },
            parsed.GetValue(files)!,
            parsed.GetValue(output)!,
            parsed.GetValue(json),
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(Func<ImportRequest> request, string[] files, string path, bool asJson, TextWriter output, TextWriter error)
    {
        if (File.Exists(path))
            return Fail($"{path} exists already. Delete it or choose another --out.", ExitCode.WrongUsage);
        try
        {
            var summary = ImportRun.ToFile(request(), files, path);
            output.WriteLine(asJson ? JsonSerializer.Serialize(summary, Json) : ImportText.Of(summary));
            return ExitCode.Done;
        }
        catch (ImportException exception)
        {
            return Fail(exception.Message, exception.IsUsage ? ExitCode.WrongUsage : ExitCode.BadInput);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Fail($"{exception.Message} Nothing was written.", ExitCode.Failed);
        }

        int Fail(string message, int exitCode)
        {
            error.WriteLine($"import: {message}");
            return exitCode;
        }
    }

    private static Option SymbolOf(ImportOption option) => option switch
    {
        { Value: null } => new Option<bool>("--" + option.Name) { Description = option.Description },
        { IsList: true } => new Option<string[]>("--" + option.Name) { Description = option.Description + " May be repeated.", HelpName = option.Value },
        _ => new Option<string?>("--" + option.Name) { Description = option.Description, HelpName = option.Value },
    };

    private static ImportOptions OptionsOf(ParseResult parsed, List<(ImportOption Option, Option Symbol)> own)
    {
        var values = new ImportOptions();
        foreach (var (option, symbol) in own)
        {
            if (symbol is Option<bool> flag)
            {
                if (parsed.GetValue(flag))
                    values.Add(option.Name, "true");
            }
            else if (symbol is Option<string[]> list)
            {
                foreach (var value in parsed.GetValue(list) ?? [])
                    values.Add(option.Name, value);
            }
            else if (parsed.GetValue((Option<string?>)symbol) is { } text)
            {
                if (option.IsFile)
                    values.Add(option.Name, ImportFile.Open(text));
                else
                    values.Add(option.Name, text);
            }
        }

        return values;
    }

    private static Option<long?> SizeOption(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = result =>
        {
            if (ByteSize.TryParse(result.Tokens[^1].Value, out var bytes, out _) && bytes >= 0)
                return bytes;
            result.AddError($"{name} {result.Tokens[^1].Value}: give a size such as 64 GiB or 512 MiB.");
            return null;
        },
    };

    private static DateTimeOffset? ParseTime(ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            return time;
        result.AddError($"--recorded-at {text}: give a time such as 2025-01-31T23:59:59Z.");
        return null;
    }

    private static string CapabilitiesOf(Importer importer) => string.Join(" or ", importer.Capabilities.Select(Capabilities.NameOf));

    private static string ListAsJson() => JsonSerializer.Serialize(
        Importer.All.Select(importer => new
        {
            importer.Format,
            importer.Description,
            Capabilities = importer.Capabilities.Select(Capabilities.NameOf),
            Files = importer.FilesDescription,
            Options = importer.Options.Select(option => new { Name = "--" + option.Name, option.Value, option.Description }),
        }),
        Json);

    private static string ListAsText()
    {
        var text = new StringWriter { NewLine = "\n" };
        foreach (var importer in Importer.All)
        {
            text.WriteLine($"{importer.Format,-14} {CapabilitiesOf(importer)}");
            text.WriteLine($"               {importer.Description}");
            text.WriteLine($"               FILE: {importer.FilesDescription}");
            foreach (var option in importer.Options)
                text.WriteLine($"               --{option.Name}{(option.Value is null ? "" : " " + option.Value)}: {option.Description}");
            text.WriteLine();
        }

        text.WriteLine("content-known: of every page whether it is zero-filled. mapping-only: which pages are resident, swapped or map the zero page.");
        text.Write("access-only: which pages were accessed. counter-only: kernel counters and no pages; evidence for a backtest, never simulated.");
        return text.ToString();
    }
}
