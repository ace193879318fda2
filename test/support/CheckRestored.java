import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.neo4j.cli.AdminTool;
import org.neo4j.cli.ExecutionContext;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.io.fs.DefaultFileSystemAbstraction;

/**
 * Recovers restored data directories one after the other and runs `neo4j-admin database check` on each, all in one Java: starting one for each
 * takes most of the time. Reads lines `HOME`, a folder with `admin-conf/neo4j.conf`, and answers each with what it found, ending in a line of its own.
 */
class CheckRestored {
    public static void main(String[] arguments) throws Exception {
        var answers = System.out;
        // Neo4j prints what it likes.
        System.setOut(System.err);
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            var home = Path.of(line);
            try {
                for (var key : recover(home)) answers.println("marker " + key);
                for (var database : List.of("neo4j", "system")) answers.println("check " + check(home, database));
            } catch (Throwable error) {
                error.printStackTrace();
                answers.println("failed " + error);
            }
            answers.println("end");
            answers.flush();
        }
    }

    /** Starts a Neo4j, which recovers, and asks it which markers there are. */
    private static List<String> recover(Path home) {
        var service = new DatabaseManagementServiceBuilder(home).loadPropertiesFromFile(home.resolve("admin-conf/neo4j.conf")).build();
        try (var transaction = service.database("neo4j").beginTx()) {
            return transaction.execute("MATCH (m:Marker) RETURN m.key AS key").<String>columnAs("key").stream().toList();
        } finally {
            service.shutdown();
        }
    }

    private static String check(Path home, String database) throws Exception {
        var text = new ByteArrayOutputStream();
        try (var out = new PrintStream(text); var files = new DefaultFileSystemAbstraction()) {
            var context = new ExecutionContext(home, home.resolve("admin-conf"), out, out, files);
            var code = AdminTool.execute(context, "database", "check", "--report-path=" + home.resolve("logs"), database);
            return database + " " + code + " " + text.toString().replace('\n', ' ');
        }
    }
}
