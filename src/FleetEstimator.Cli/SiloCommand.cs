using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using FleetEstimator.Estimation;
using FleetEstimator.Server;
using FleetEstimator.Server.State;
using FleetEstimator.Traces;
using Microsoft.Extensions.Hosting;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator silo</c>: a silo with its HTTP API, on its own or one of a cluster, until it is told to stop.</summary>
internal static class SiloCommand
{
    private const string PostgreSqlVariable = "FLEET_ESTIMATOR_POSTGRES";
    private const string RedisVariable = "FLEET_ESTIMATOR_REDIS";

    // Not directly in the data folder, where runs keep states that they remove when nobody has touched them for a month.
    private static readonly string StateFile = Path.Combine("silo", "silo.db");

    private static readonly Option<IPEndPoint> Http = new("--http")
    {
        Description = "Where to speak HTTP: an address of this host and a port, 0 for a free one. There is no authentication yet: whoever reaches it may submit and remove studies.",
        HelpName = "URL",
        CustomParser = ParseHttp,
        DefaultValueFactory = _ => new IPEndPoint(IPAddress.Loopback, 8080),
    };

    private static readonly Option<string?> Traces = new("--traces") { Description = "Folder of the trace store, made if it is missing; the same for all silos of a cluster. Default: traces in the data folder.", HelpName = "DIR" };
    private static readonly Option<string?> Data = new("--data") { Description = $"Folder of what outlives the process; without --postgres also of all studies. Default: {DataFolder.DefaultText}.", HelpName = "DIR" };

    private static readonly Option<string?> PostgreSql = new("--postgres")
    {
        Description = $"Be a silo of the cluster whose state is in this database, as 'Host=db.example;Database=fleet;Username=fleet'; password in PGPASSWORD or PGPASSFILE. Default: {PostgreSqlVariable}.",
        HelpName = "CONNECTION",
    };

    private static readonly Option<string?> Redis = new("--redis") { Description = $"Find the other silos through this server, as 'redis.example:6379', instead of the database. Default: {RedisVariable}.", HelpName = "CONNECTION" };
    private static readonly Option<string?> ClusterId = new("--cluster-id") { Description = "The cluster's name; several may share a database. Default: fleet-estimator.", HelpName = "NAME" };
    private static readonly Option<string?> Name = new("--name") { Description = "The silo in logs; default: the host's name.", HelpName = "NAME" };
    private static readonly Option<IPAddress?> Address = new("--address") { Description = "The address at which the other silos reach this one; default: 127.0.0.1.", HelpName = "IP", CustomParser = ParseAddress };
    private static readonly Option<int?> Port = new("--port") { Description = "The TCP port for the other silos; default: 11111.", HelpName = "PORT" };
    private static readonly Option<int?> Cores = new("--cores") { Description = "Nodes to simulate at the same time; default: as many as there are cores.", HelpName = "N" };
    private static readonly Option<long?> Memory = new("--memory") { Description = "Most memory for recordings, such as 4GiB; default: a quarter of what the process may use.", HelpName = "SIZE", CustomParser = ParseMemory };

    internal static Command Create()
    {
        var command = new Command("silo", "Run a silo: it takes studies over HTTP and simulates them, on its own or with the other silos of its cluster.")
        {
            Http, Traces, Data, PostgreSql, Redis, ClusterId, Name, Address, Port, Cores, Memory,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(Cores) is < 1 or > 4096)
                result.AddError("--cores is a number from 1 to 4096.");
            if (PostgreSqlOf(result.GetValue(PostgreSql)) is not null)
                return;
            foreach (var option in new Option[] { Redis, ClusterId, Address, Port }.Where(option => result.GetResult(option) is { Implicit: false }))
                result.AddError($"{option.Name} is for a silo of a cluster: give --postgres, too.");
        });
        command.SetAction(async (parsed, stop) =>
        {
            var error = parsed.InvocationConfiguration.Error;
            try
            {
                await Run(parsed, error, stop);
                return ExitCode.Done;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                error.WriteLine("silo: stopped before it was ready");
                return ExitCode.Done;
            }
            catch (SiloSettingException exception)
            {
                return Fail($"{OptionOf(exception.Setting)}: {exception.Problem}", ExitCode.WrongUsage);
            }
            catch (TraceException exception)
            {
                return Fail(exception.Message, ExitCode.BadInput);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or SiloEvictedException)
            {
                return Fail(exception.Message, ExitCode.Failed);
            }

            int Fail(string message, int exitCode)
            {
                error.WriteLine($"silo: {message}");
                return exitCode;
            }
        });
        return command;
    }

    private static async Task Run(ParseResult parsed, TextWriter error, CancellationToken stop)
    {
        var data = parsed.GetValue(Data) ?? DataFolder.Default;
        var postgreSql = PostgreSqlOf(parsed.GetValue(PostgreSql));
        var name = parsed.GetValue(Name) ?? Dns.GetHostName();
        var cluster = postgreSql is null ? null : ClusterOf(parsed, postgreSql, name);
        cluster?.Validate();
        var store = TraceStore.OpenOrCreate(parsed.GetValue(Traces) ?? Path.Combine(data, "traces"));
        new SubmittedFiles(store).ClearAway();
        var silo = new StudySilo
        {
            Name = name,
            Http = parsed.GetValue(Http)!,
            StateFile = cluster is null ? Path.Combine(data, StateFile) : null,
            Cluster = cluster,
            Traces = store,
            SimulationThreads = parsed.GetValue(Cores) ?? Environment.ProcessorCount,
            RecordingBytesMax = parsed.GetValue(Memory),
        };
        await SiloHost.Run(() => silo.Build(), host => silo = Started(silo, host, error), message => error.WriteLine($"silo {name}: {message}"), stop);
    }

    /// <summary>Tells that a silo is ready. One that joins again keeps its port, which its users know by now.</summary>
    private static StudySilo Started(StudySilo silo, IHost host, TextWriter error)
    {
        var url = StudySilo.UrlOf(host);
        error.WriteLine($"silo {silo.Name} is ready at {url.GetLeftPart(UriPartial.Authority)}");
        return silo with { Http = new IPEndPoint(silo.Http.Address, url.Port) };
    }

    private static SiloSettings ClusterOf(ParseResult parsed, string postgreSql, string name)
    {
        var settings = new SiloSettings { PostgreSql = postgreSql, Redis = FromEnvironment(parsed.GetValue(Redis), RedisVariable), Name = name };
        return settings with
        {
            ClusterId = parsed.GetValue(ClusterId) ?? settings.ClusterId,
            Address = parsed.GetValue(Address) ?? settings.Address,
            Port = parsed.GetValue(Port) ?? settings.Port,
        };
    }

    private static string? PostgreSqlOf(string? option) => FromEnvironment(option, PostgreSqlVariable);

    private static string? FromEnvironment(string? option, string variable) =>
        option ?? (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null);

    private static string OptionOf(string setting) => setting switch
    {
        nameof(SiloSettings.PostgreSql) => PostgreSql.Name,
        nameof(SiloSettings.Redis) => Redis.Name,
        nameof(SiloSettings.ClusterId) => ClusterId.Name,
        nameof(SiloSettings.Name) => Name.Name,
        nameof(SiloSettings.Address) => Address.Name,
        nameof(SiloSettings.Port) => Port.Name,
        _ => setting,
    };

    private static IPEndPoint? ParseHttp(ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttp && url.PathAndQuery == "/")
        {
            if (url.Host == "localhost")
                return new(IPAddress.Loopback, url.Port);
            if (IPAddress.TryParse(url.DnsSafeHost, out var address))
                return new(address, url.Port);
        }

        result.AddError($"--http {text}: give an address of this host and a port, such as http://127.0.0.1:8080, or http://0.0.0.0:8080 for all of them. For https put a proxy in front.");
        return null;
    }

    private static IPAddress? ParseAddress(ArgumentResult result)
    {
        if (IPAddress.TryParse(result.Tokens[^1].Value, out var address))
            return address;
        result.AddError($"--address {result.Tokens[^1].Value}: give an IP address of this host.");
        return null;
    }

    private static long? ParseMemory(ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        if (ByteSize.TryParse(text, out var bytes, out var misreading))
            return bytes;
        result.AddError($"--memory {text} {misreading!.Problem}: {misreading.Remedy}.");
        return null;
    }
}
