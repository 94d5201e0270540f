"""Common Brazilian names and cities, roughly as frequent as they are. No person is meant."""

from __future__ import annotations

WOMEN = (
    "Maria:20 Ana:12 Adriana:5 Juliana:6 Fernanda:5 Patrícia:5 Camila:5 Amanda:5 Bruna:4 Jéssica:4 Letícia:4 "
    "Júlia:5 Luciana:4 Mariana:5 Gabriela:4 Vanessa:4 Beatriz:4 Larissa:4 Aline:4 Sandra:4 Renata:3 Cristina:3 "
    "Carolina:3 Rafaela:3 Débora:3 Tatiane:2 Simone:3 Daniela:3 Isabela:3 Luana:3 Cláudia:3 Vitória:3 Natália:3 "
    "Helena:2 Lorena:1 Cecília:1 Yasmin:2 Sônia:2 Tereza:2 Heloísa:1"
)
MEN = (
    "José:17 João:11 Antônio:8 Francisco:5 Carlos:6 Paulo:6 Pedro:6 Lucas:6 Luiz:5 Marcos:5 Luís:4 Gabriel:5 "
    "Rafael:5 Daniel:4 Marcelo:4 Bruno:4 Eduardo:4 Felipe:4 Rodrigo:4 Mateus:3 André:4 Fernando:4 Fábio:3 "
    "Leonardo:3 Gustavo:4 Guilherme:4 Leandro:3 Tiago:3 Anderson:3 Ricardo:3 Márcio:2 Jorge:3 Sebastião:2 "
    "Alexandre:3 Roberto:3 Diego:3 Vítor:3 Caio:2 Otávio:1 Davi:2"
)
FAMILIES = (
    "Silva:22 Santos:18 Oliveira:13 Souza:11 Rodrigues:8 Ferreira:8 Alves:7 Pereira:8 Lima:7 Gomes:6 Costa:6 "
    "Ribeiro:6 Martins:5 Carvalho:5 Almeida:5 Lopes:4 Soares:4 Fernandes:4 Vieira:4 Barbosa:4 Rocha:4 Dias:4 "
    "Nascimento:4 Andrade:3 Moreira:3 Nunes:3 Marques:3 Machado:3 Mendes:3 Freitas:3 Cardoso:3 Ramos:3 "
    "Gonçalves:3 Teixeira:3 Araújo:3 Melo:2 Campos:2 Castro:2 Correia:2 Monteiro:2 Azevedo:1 Batista:2 Pinto:2"
)
# City, state, area code, weight: where people who order coffee by mail live.
CITIES = (
    ("São Paulo", "SP", 11, 30),
    ("Guarulhos", "SP", 11, 4),
    ("Campinas", "SP", 19, 6),
    ("Santos", "SP", 13, 3),
    ("Ribeirão Preto", "SP", 16, 3),
    ("Sorocaba", "SP", 15, 2),
    ("Rio de Janeiro", "RJ", 21, 14),
    ("Niterói", "RJ", 21, 3),
    ("Belo Horizonte", "MG", 31, 9),
    ("Uberlândia", "MG", 34, 3),
    ("Juiz de Fora", "MG", 32, 2),
    ("Vitória", "ES", 27, 2),
    ("Curitiba", "PR", 41, 6),
    ("Londrina", "PR", 43, 2),
    ("Florianópolis", "SC", 48, 3),
    ("Joinville", "SC", 47, 2),
    ("Porto Alegre", "RS", 51, 5),
    ("Caxias do Sul", "RS", 54, 2),
    ("Brasília", "DF", 61, 6),
    ("Goiânia", "GO", 62, 3),
    ("Cuiabá", "MT", 65, 1),
    ("Campo Grande", "MS", 67, 1),
    ("Salvador", "BA", 71, 4),
    ("Recife", "PE", 81, 4),
    ("Fortaleza", "CE", 85, 4),
    ("Natal", "RN", 84, 1),
    ("Maceió", "AL", 82, 1),
    ("Belém", "PA", 91, 2),
    ("Manaus", "AM", 92, 2),
    ("Rio Branco", "AC", 68, 1),
)
# The guides on the shop's site, and how often each is taken.
EBOOKS = "cafe-no-escritorio:6 guia-do-coado:3 cafes-do-brasil:2"
COMPANIES = (
    "Estúdio Jatobá",
    "Oficina do Livro",
    "Contabilidade Ipê",
    "Clínica Aroeira",
    "Padaria Moderna",
    "Escola Girassol",
    "Arquitetura Cambuí",
    "Gráfica Pontual",
)


def weighted(listed: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The names of a list and their weights, as `random.choices` takes them."""
    pairs = [entry.split(":") for entry in listed.split()]
    return tuple(name for name, _ in pairs), tuple(int(weight) for _, weight in pairs)
