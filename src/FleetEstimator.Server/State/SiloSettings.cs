using System.Net;
using Orleans.Configuration;

namespace FleetEstimator.Server.State;

/// <summary>A silo of a cluster: who it is, where it listens, and where the cluster keeps its members and its state.</summary>
public sealed record SiloSettings
{
    /// <summary>
    /// Npgsql's connection string of the database of the cluster's state, as <c>Host=db.example;Database=fleet;Username=fleet</c>. A password
    /// is better given in PGPASSWORD or PGPASSFILE. Time limits and the size of the pool for state may be overruled here.
    /// </summary>
    public required string PostgreSql { get; init; }

    /// <summary>
    /// StackExchange.Redis' configuration of the server through which silos find each other, as <c>redis.example:6379,password=...</c>;
    /// null for the database of the state. It must keep its data (appendonly yes): members that it forgets have to be started again.
    /// </summary>
    public string? Redis { get; init; }

    /// <summary>The cluster: silos of one id make one cluster and share studies; others may use the same database. 1 to 100 of [A-Za-z0-9._-].</summary>
    public string ClusterId { get; init; } = "fleet-estimator";

    /// <summary>The silo in logs and lists; by default the name of its host.</summary>
    public string Name { get; init; } = Dns.GetHostName();

    /// <summary>The address at which other silos reach this one. The silo listens on all interfaces unless it is a loopback address.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The TCP port for other silos, 1 to 65,535. Silos of one host need one each.</summary>
    public int Port { get; init; } = 11111;

    /// <summary>How long the start waits for databases that do not answer yet, 0 to 1 hour.</summary>
    public TimeSpan DatabasePatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Says what is wrong with a setting, and how to mend it.</summary>
    /// <exception cref="SiloSettingException">Something is.</exception>
    public void Validate()
    {
        if (!PostgreSqlDatabase.TryParse(PostgreSql, out var postgreSql) || string.IsNullOrWhiteSpace(postgreSql.Host))
            throw new SiloSettingException(nameof(PostgreSql), "this is no connection string of Npgsql that names a host. " +
                "Write it as 'Host=db.example;Database=fleet;Username=fleet', and give the password in PGPASSWORD or PGPASSFILE.");
        if (Redis is not null && !RedisMembership.TryParse(Redis, out _))
            throw new SiloSettingException(nameof(Redis), "this is no configuration of StackExchange.Redis that names a server. " +
                "Write it as 'redis.example:6379', with ',password=...' and ',ssl=true' where wanted.");
        if (ClusterId.Length is 0 or > 100 || !ClusterId.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-'))
            throw new SiloSettingException(nameof(ClusterId), $"'{ClusterId}' is no cluster id. Use 1 to 100 letters, digits, '.', '_' and '-'.");
        if (string.IsNullOrWhiteSpace(Name) || Name.Length > 150)
            throw new SiloSettingException(nameof(Name), "it is empty or longer than 150 characters. Give the silo a shorter one.");
        if (Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any))
            throw new SiloSettingException(nameof(Address), $"at {Address} others cannot reach this silo. Give an address of this host; it listens on all interfaces anyway.");
        if (Port is < 1 or > IPEndPoint.MaxPort)
            throw new SiloSettingException(nameof(Port), $"{Port} is no TCP port. Give one from 1 to {IPEndPoint.MaxPort}.");
        if (DatabasePatience < TimeSpan.Zero || DatabasePatience > TimeSpan.FromHours(1))
            throw new SiloSettingException(nameof(DatabasePatience), $"{DatabasePatience} is not between nothing and one hour.");
    }

    /// <summary>The settings without passwords.</summary>
    public override string ToString()
    {
        string state = PostgreSqlDatabase.TryParse(PostgreSql, out var postgreSql) ? $"{postgreSql.Host}:{postgreSql.Port}/{postgreSql.Database}" : "?";
        string membership = Redis is null ? "PostgreSQL"
            : $"Redis at {(RedisMembership.TryParse(Redis, out var redis) ? string.Join(", ", redis.EndPoints) : "?")}";
        return $"silo {Name} of {ClusterId} at {new IPEndPoint(Address, Port)}, state in PostgreSQL at {state}, membership in {membership}";
    }
}

/// <summary>A setting of a silo is wrong.</summary>
/// <param name="setting">Which: the name of a property of <see cref="SiloSettings"/>.</param>
/// <param name="problem">What is wrong, and how to mend it; without passwords.</param>
public sealed class SiloSettingException(string setting, string problem) : Exception($"{setting}: {problem}")
{
    /// <summary>The name of a property of <see cref="SiloSettings"/>.</summary>
    public string Setting { get; } = setting;

    /// <summary>What is wrong, and how to mend it.</summary>
    public string Problem { get; } = problem;
}

/// <summary>Makes a silo one of a cluster.</summary>
public static class ClusterSilo
{
    /// <summary>Membership, state and addresses as settings say.</summary>
    /// <exception cref="SiloSettingException">A setting is wrong.</exception>
    public static ISiloBuilder UseCluster(this ISiloBuilder silo, SiloSettings settings)
    {
        settings.Validate();
        silo.UseMembershipSettings();
        silo.UsePostgreSqlState(settings.PostgreSql, settings.ClusterId, settings.DatabasePatience);
        if (settings.Redis is null)
            silo.UsePostgreSqlMembership();
        else
            silo.UseRedisMembership(settings.Redis, settings.DatabasePatience);
        silo.Configure<SiloOptions>(options => options.SiloName = settings.Name);
        silo.Configure<EndpointOptions>(endpoints =>
        {
            endpoints.AdvertisedIPAddress = settings.Address;
            endpoints.SiloPort = settings.Port;
            // No port for Orleans clients: users speak HTTP.
            endpoints.GatewayPort = 0;
            endpoints.SiloListeningEndpoint = new IPEndPoint(IPAddress.IsLoopback(settings.Address) ? settings.Address : IPAddress.Any, settings.Port);
        });
        silo.Services.AddSiloEviction();
        return silo;
    }
}
