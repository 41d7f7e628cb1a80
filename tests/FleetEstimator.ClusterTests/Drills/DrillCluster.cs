using System.Diagnostics;
using System.Net.Http.Json;
using FleetEstimator.ClusterTests.State;
using FleetEstimator.Grains;
using FleetEstimator.Server.Api;

namespace FleetEstimator.ClusterTests.Drills;

/// <summary>Three silo processes with one database and one trace store, and what they tell of the one study that they have. All of it ends when it is disposed of.</summary>
internal sealed class DrillCluster : IAsyncDisposable
{
    // How fine events are told apart.
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-drill-").FullName;
    private readonly string _database;
    private readonly List<FleetProgram> _clients = [];

    // A silo that is stopped takes connections and never answers.
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(1) };
    private int _asked;

    private DrillCluster(string database)
    {
        _database = database;
        Silos = [.. new[] { "a", "b", "c" }.Select(name => new SiloProcess(name, database, Path.Combine(_folder, "traces")))];
    }

    /// <summary>The silos, dead or alive.</summary>
    public IReadOnlyList<SiloProcess> Silos { get; }

    /// <summary>The clients that were started, in order.</summary>
    public IReadOnlyList<FleetProgram> Clients => _clients;

    /// <summary>Starts silos on a database of their own.</summary>
    public static async Task<DrillCluster> Start(PostgreSqlServer server, CancellationToken cancellation)
    {
        var cluster = new DrillCluster(await server.NewDatabase());
        try
        {
            await cluster.StartSilos(cancellation);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts all silos at once and waits until they are ready.</summary>
    public async Task StartSilos(CancellationToken cancellation)
    {
        await Task.WhenAll(Silos.Select(silo => silo.Start()));
        await Task.WhenAll(Silos.Select(silo => silo.Ready(cancellation)));
    }

    /// <summary>Has a client run a study; what it fetches goes to <see cref="ResultOf"/>.</summary>
    /// <param name="study">The study's file.</param>
    /// <param name="first">The silo that the client asks first.</param>
    public FleetProgram Run(string study, SiloProcess first)
    {
        var urls = Silos.OrderByDescending(silo => silo == first).Select(silo => silo.Url.GetLeftPart(UriPartial.Authority));
        var client = FleetProgram.Start("run", study, "--cluster", string.Join(',', urls), "--out", Path.Combine(_folder, $"{_clients.Count}"));
        _clients.Add(client);
        return client;
    }

    /// <summary>The folder of a client's result.</summary>
    public string ResultOf(FleetProgram client) => Path.Combine(_folder, $"{_clients.IndexOf(client)}");

    /// <summary>Waits until the study, as any silo tells it, is as wanted.</summary>
    public async Task<StudyView> Until(Predicate<StudyView> isWanted, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Period);
        while (true)
        {
            if (await Study(cancellation) is { } study && isWanted(study))
                return study;
            await timer.WaitForNextTickAsync(cancellation);
        }
    }

    /// <summary>Watches the study until it has ended; the longest time in which no further node was done.</summary>
    /// <param name="done">Nodes done by now. A coordinator that begins anew tells of fewer at first.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<TimeSpan> LongestPause(long done, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var (most, since, longest) = (done, TimeSpan.Zero, TimeSpan.Zero);
        await Until(
            study =>
            {
                var now = clock.Elapsed;
                if (study.Done > most || study.Phase == StudyPhase.Ended)
                    (most, since, longest) = (study.Done, now, now - since > longest ? now - since : longest);
                return study.Phase == StudyPhase.Ended;
            },
            cancellation);
        return longest;
    }

    /// <summary>Waits until the simulation threads of a silo, other than some, have worked.</summary>
    public static async Task Simulates(SiloProcess silo, IReadOnlyCollection<string> otherThan, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Period);
        while (!silo.HasSimulated(otherThan))
            await timer.WaitForNextTickAsync(cancellation);
    }

    /// <summary>Waits until the others have declared a silo dead.</summary>
    public async Task DeclaredDead(SiloProcess silo, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Period);
        while ((await Lives(silo)).Dead == 0)
            await timer.WaitForNextTickAsync(cancellation);
    }

    /// <summary>How many lives of a silo the membership table has: one that was declared dead and joined again has two.</summary>
    public async Task<(long Dead, long Active)> Lives(SiloProcess silo) => (await CountLives(silo, SiloStatus.Dead), await CountLives(silo, SiloStatus.Active));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            await client.DisposeAsync();
        foreach (var silo in Silos)
            await silo.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>What all processes have said.</summary>
    public override string ToString() => string.Join('\n', _clients.Select((client, number) => $"client {number}:\n{client.Messages}")
        .Concat(Silos.Select(silo => $"silo {silo.Name}:\n{silo.Program.Messages}")));

    private async Task<long> CountLives(SiloProcess silo, SiloStatus status) => (long)(await PostgreSqlServer.Execute(
        _database, $"SELECT count(*) FROM fleet_estimator.OrleansMembershipTable WHERE Port = {silo.Port} AND Status = {(int)status}"))!;

    /// <summary>The study; null if there is none, or the silo that is asked does not answer: another one is asked next.</summary>
    private async Task<StudyView?> Study(CancellationToken cancellation)
    {
        try
        {
            var studies = await _http.GetFromJsonAsync(new Uri(Silos[_asked % Silos.Count].Url, "api/studies"), ApiJson.Default.IReadOnlyListStudyView, cancellation);
            return studies is [var study] ? study : null;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            _asked++;
            return null;
        }
    }
}
